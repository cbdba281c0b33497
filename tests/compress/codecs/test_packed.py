"""`packed`: b bits per weight, and the step that makes that possible."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.compress.codecs import decode, encode, get
from azsim.errors import CodecError, InputError


@pytest.mark.parametrize(
    ("values", "bits", "step"),
    [
        ([-8, 0, 7], 4, 1),
        ([-2, 0, 2], 4, 1),  # fits without a step
        ([-16, 0, 14], 4, 2),
        ([-128, 0], 1, 128),
        ([-128, 127], 8, 1),
        ([0], 1, 1),
        ([-96, 32], 3, 32),
    ],
)
def test_the_step_is_the_smallest_that_fits(values: list[int], bits: int, step: int) -> None:
    matrix = np.array([values], np.int8)
    encoded = encode(matrix, "packed", bits)
    assert encoded.data[40:41] == bytes([step])
    np.testing.assert_array_equal(decode(encoded.data), matrix)


@pytest.mark.parametrize("bits", range(1, 9))
def test_it_takes_exactly_its_bits(bits: int) -> None:
    matrix = np.random.default_rng(bits).integers(-(1 << bits >> 1), 1 << bits >> 1, (64, 64)).astype(np.int8)
    encoded = encode(matrix, "packed", bits)
    assert encoded.decoder_load[:, :, 2].sum() == 64 * 64 * bits
    assert len(encoded.data) == 64 * 64 * bits // 8 + 44 + 1 + len(encoded.tiling) * (28 + 4 * 4)


@pytest.mark.parametrize(("values", "bits"), [([-9, 1], 4), ([8, 1], 4), ([1], 1), ([-127, 126], 7)])
def test_values_that_do_not_fit_are_refused(values: list[int], bits: int) -> None:
    with pytest.raises(InputError, match="do not fit"):
        encode(np.array([values], np.int8), "packed", bits)


@pytest.mark.parametrize(("options", "table"), [(1, b"\1"), (0, b""), (0, b"\0"), (0, b"\x81"), (0, b"\1\1")])
def test_an_impossible_header_is_refused(options: int, table: bytes) -> None:
    with pytest.raises(CodecError, match="packed stream"):
        get("packed").restore(4, options, table)
