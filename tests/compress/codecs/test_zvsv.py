"""`zvsv`: its two stages, apart and together."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.compress.codecs import decode, encode, get
from azsim.compress.layout import TileLayout
from azsim.errors import CodecError, InputError
from tests.compress.codecs.forge import streams_of

ONE_STREAM = TileLayout(lanes=1, block_columns=1, tile_positions=1 << 20, decoder_streams=1)


def matrix(bits: int, sparsity: float) -> np.ndarray:
    rng = np.random.default_rng(bits)
    palette = rng.choice(np.setdiff1d(np.arange(-128, 128), [0]), min(255, 1 << bits), replace=False)
    return (rng.choice(palette, (64, 48)) * (rng.random((64, 48)) >= sparsity)).astype(np.int8)


@pytest.mark.parametrize("bits", range(1, 8))
@pytest.mark.parametrize("sparsity", [0.0, 0.5, 0.95, 1.0])
def test_it_takes_one_bit_and_the_density_times_b(bits: int, sparsity: float) -> None:
    weights = matrix(bits, sparsity)
    stored = np.count_nonzero(weights)
    encoded = encode(weights, "zvsv", bits, ONE_STREAM)
    assert encoded.decoder_load.tolist() == [[[weights.size, stored, weights.size + bits * stored]]]
    assert len(encoded.data) == 44 + (1 << bits) + 28 + 4 + weights.size // 8 + -(-bits * stored // 8)


def test_zero_takes_no_entry_of_the_palette() -> None:
    weights = np.array([[0, 1, 2, 3, 4]], np.int8)
    assert encode(weights, "zvsv", 2).data[40:44] == bytes([1, 2, 3, 4])
    with pytest.raises(InputError, match=r"5 distinct values.*weight_bits=3"):
        encode(weights, "zvsv", 2, options={"bypass": "zero-value"})


def test_with_one_stage_it_has_the_bits_of_the_simpler_codec() -> None:
    weights = np.clip(matrix(4, 0.5), -7, 7)
    palette, bitmap = encode(weights, "palette", 4, ONE_STREAM), encode(weights, "bitmap", 8, ONE_STREAM)
    assert streams_of(encode(weights, "zvsv", 4, ONE_STREAM, {"bypass": "zero-value"})) == streams_of(palette)
    assert streams_of(encode(weights, "zvsv", 4, ONE_STREAM, {"bypass": "shared-value"})) == streams_of(bitmap)
    assert streams_of(encode(weights, "zvsv", 8, ONE_STREAM)) == streams_of(bitmap)


def test_eight_bits_without_the_zero_value_stage_are_raw() -> None:
    weights = np.random.default_rng(0).integers(-128, 128, (9, 9)).astype(np.int8)
    encoded = encode(weights, "zvsv", 8, ONE_STREAM, {"bypass": "zero-value"})
    assert streams_of(encoded) == streams_of(encode(weights, "raw", 8, ONE_STREAM))
    np.testing.assert_array_equal(decode(encoded.data), weights)


@pytest.mark.parametrize(("bits", "options", "table"), [(4, 4, bytes(16)), (4, 0, bytes(8)), (4, 2, b""), (8, 0, b"")])
def test_an_impossible_header_is_refused(bits: int, options: int, table: bytes) -> None:
    with pytest.raises(CodecError, match="zvsv"):
        get("zvsv").restore(bits, options, table)
