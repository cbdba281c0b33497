"""`ans`: near the entropy, below it where rows or columns differ, and that no bits hurt it."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from azsim.compress.circuit import PARALLEL
from azsim.compress.codecs import decode, decode_tile, encode, get
from azsim.compress.codecs.ans_model import fit
from azsim.compress.layout import TileLayout
from azsim.errors import CodecError
from tests.compress.codecs.bell import gauss, scaled
from tests.compress.codecs.forge import forge, forgeries, refused_or_decoded, streams_of
from tests.compress.codecs.plain_decoder import plain_decode


def entropy_bits(matrix: np.ndarray) -> float:
    counts = np.unique(matrix, return_counts=True)[1]
    return float((counts * np.log2(matrix.size / counts)).sum() / matrix.size)


@pytest.mark.parametrize(("sigma", "zeros"), [(30.0, 0.0), (8.0, 0.5), (2.0, 0.0), (2.0, 0.7), (1.0, 0.95)])
def test_size_is_near_the_entropy(sigma: float, zeros: float) -> None:
    matrix = gauss((1024, 512), sigma, 1, zeros)
    encoded = encode(matrix, "ans")
    assert encoded.bits_per_weight <= 1.01 * entropy_bits(matrix) + 0.02
    assert encoded.decoder_load[:, :, 2].sum() <= 8 * len(encoded.data)


def test_size_is_below_the_entropy_where_rows_and_columns_differ() -> None:
    matrix = scaled((512, 512), 2)
    encoded = encode(matrix, "ans")
    assert encoded.bits_per_weight < 0.96 * entropy_bits(matrix)
    np.testing.assert_array_equal(decode(encoded.data), matrix)
    np.testing.assert_array_equal(decode_tile(encoded.data, 7), matrix[224:256])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_plain_decoder_agrees_where_there_are_classes(seed: int) -> None:
    matrix = scaled((67, 150), seed)
    encoded = encode(matrix, "ans", layout=TileLayout(lanes=4, block_columns=8, tile_positions=2000))
    assert len(fit(matrix)[0].tables.shares) > 1
    assert plain_decode(encoded.data) == matrix.tolist()


def test_a_small_matrix_falls_back_to_plain_codes() -> None:
    encoded = encode(np.arange(-4, 4, dtype=np.int8).reshape(2, 4), "ans", layout=TileLayout(decoder_streams=1))
    assert encoded.weight_bits == 3
    assert len(encoded.data) == 44 + 4 + 1 + 3


def test_a_small_matrix_of_few_values_falls_back_to_a_palette() -> None:
    matrix = np.array([[-127, -3, 0, 55], [55, 0, 0, -3], [0, 0, -127, 0]], np.int8).repeat(4, axis=0)
    encoded = encode(matrix, "ans", 4, TileLayout(decoder_streams=1))
    assert (encoded.weight_bits, encoded.data[6], encoded.circuit) == (2, 3, PARALLEL)
    assert len(encoded.data) == 44 + 4 + 4 + 1 + 12
    assert plain_decode(encoded.data) == matrix.tolist()
    np.testing.assert_array_equal(decode(encoded.data), matrix)


def test_the_header_says_for_how_many_values_it_was_meant() -> None:
    few = np.random.default_rng(1).choice([-127, -60, -9, 0, 9, 60, 127], (200, 300)).astype(np.int8)
    assert encode(few, "ans", 3).weight_bits == 3
    assert encode(gauss((200, 300), 30.0, 1), "ans", 3).weight_bits == 8


def test_any_damage_of_the_table_is_refused_or_decoded() -> None:
    matrix = scaled((60, 70), 4)
    encoded = encode(matrix, "ans", layout=TileLayout(lanes=4, tile_positions=900))
    table = encoded.data[40 : encoded.table_bytes - 4]
    streams = streams_of(encoded)
    rng = np.random.default_rng(3)
    refused = 0
    for _ in range(400):
        damaged = bytearray(table)
        damaged[rng.integers(len(table))] ^= 1 << rng.integers(8)
        refused += refused_or_decoded(forge(encoded, streams, bytes(damaged)), matrix.shape)
    for size in (0, 3, 4, 5, len(table) // 2, len(table) - 1, len(table) + 1):
        cut = (table + b"\0")[:size]
        assert refused_or_decoded(forge(encoded, streams, cut), matrix.shape)
    assert refused > 200


def test_forged_streams_are_refused_or_decoded() -> None:
    encoded = encode(scaled((60, 70), 4), "ans", layout=TileLayout(lanes=4, tile_positions=900))
    assert sum(refused_or_decoded(data, encoded.shape) for data in forgeries(encoded, 400, 6)) > 250


def test_a_compact_tile_names_its_place_by_its_crc() -> None:
    encoded = encode(gauss((64, 64), 3.0, 5), "ans", layout=TileLayout(lanes=4, tile_positions=512))
    first, second = encoded.tile_offset_bytes[:2].tolist()
    end = second + int(encoded.tile_bytes[1])
    swapped = encoded.data[:first] + encoded.data[second:end] + encoded.data[first:second] + encoded.data[end:]
    with pytest.raises(CodecError, match="tile 0 is damaged"):
        decode(swapped)


def test_a_codec_with_the_wrong_framing_is_refused() -> None:
    encoded = encode(gauss((8, 8), 3.0, 5), "ans", layout=TileLayout(decoder_streams=1))
    changed = bytearray(encoded.data)
    changed[7] = 0
    end = encoded.table_bytes - 4
    changed[end : end + 4] = zlib.crc32(changed[:end]).to_bytes(4, "little")
    with pytest.raises(CodecError, match=r"frames tiles differently|too short"):
        decode(bytes(changed))


@pytest.mark.parametrize(
    ("options", "table"),
    [(2, b""), (2, bytes(32)), (3, bytes(31)), (7, bytes(32)), (1, b"\0"), (0, b""), (0, bytes(9)), (0, b"\xff" * 20)],
)
def test_an_impossible_header_is_refused(options: int, table: bytes) -> None:
    with pytest.raises(CodecError, match="ans"):
        get("ans").restore(5, options, table)
