"""Differences of bitstreams, tile by tile."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.compress.codecs import codecs, encode
from azsim.compress.layout import TileLayout
from azsim.compress.update.difference import apply_difference, make_difference
from azsim.compress.update.mask import SeededMask
from azsim.errors import CodecError, InputError

LAYOUT = TileLayout(lanes=4, block_columns=8, tile_positions=256, decoder_streams=2)


def pair(seed: int, shape: tuple[int, int], share: float) -> tuple[np.ndarray, np.ndarray]:
    """A sparse matrix of 15 values, and the same with a share of its values redrawn."""
    rng = np.random.default_rng(seed)
    values = np.unique(rng.integers(-127, 128, 15))
    old = (rng.choice(values, shape) * (rng.random(shape) < 0.7)).astype(np.int8)
    return old, np.where(rng.random(shape) < share, rng.choice(values, shape), old).astype(np.int8)


def applied(old: bytes, difference: bytes, size: int) -> bytes:
    return b"".join(apply_difference(memoryview(old), memoryview(difference), size))


@pytest.mark.parametrize("codec", codecs())
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31), rows=st.integers(1, 40), columns=st.integers(1, 40), share=st.floats(0, 1))
def test_the_new_bitstream_comes_out_byte_for_byte(
    codec: str, seed: int, rows: int, columns: int, share: float
) -> None:
    before, after = pair(seed, (rows, columns), share)
    bits = 8 if codec == "packed" else 5
    old, new = (encode(values, codec=codec, weight_bits=bits, layout=LAYOUT).data for values in (before, after))
    difference = make_difference(old, new)
    assert applied(old, difference, len(new)) == new


@pytest.mark.parametrize("codec", ["raw", "zvsv", "ans", "csc"])
@pytest.mark.parametrize("share", [0.02, 0.5])
def test_a_masked_difference_gives_the_same_and_is_smaller(codec: str, share: float) -> None:
    mask = SeededMask(99, round(share * 2**32))
    before, after = pair(5, (160, 130), 0.6)
    after = np.where(mask.of(after.shape), after, before)
    old, new = (encode(values, codec=codec, weight_bits=5, layout=LAYOUT).data for values in (before, after))
    masked = make_difference(old, new, mask)
    assert applied(old, masked, len(new)) == new
    assert len(masked) < len(make_difference(old, new))


def test_a_change_outside_the_mask_is_refused() -> None:
    before, after = pair(6, (40, 40), 0.5)
    old, new = (encode(values, codec="raw", layout=LAYOUT).data for values in (before, after))
    with pytest.raises(InputError, match="weights outside the mask differ"):
        make_difference(old, new, SeededMask(1, 1 << 30))


def test_an_unchanged_tile_costs_a_few_bytes() -> None:
    before, _ = pair(7, (256, 1024), 0.0)
    one = before.copy()
    one[0, 0] ^= 1
    layout = TileLayout()
    old, new = (encode(values, codec="raw", layout=layout).data for values in (before, one))
    tiles = 16
    assert len(make_difference(old, new)) < 200 + 16 * tiles


def test_other_codecs_shapes_and_layouts_have_no_difference() -> None:
    before, _ = pair(8, (20, 20), 0.0)
    old = encode(before, codec="raw", layout=LAYOUT).data
    for other in (
        encode(before, codec="ans", layout=LAYOUT).data,
        encode(before[:-1], codec="raw", layout=LAYOUT).data,
        encode(before, codec="raw").data,
    ):
        assert make_difference(old, other) is None


def test_a_difference_for_another_matrix_is_refused() -> None:
    before, after = pair(9, (40, 40), 0.5)
    old, new = (encode(values, codec="raw", layout=LAYOUT).data for values in (before, after))
    difference = make_difference(old, new)
    taller = encode(np.pad(before, ((0, 9), (0, 0))), codec="raw", layout=LAYOUT).data
    stranger = encode(np.full_like(before, 77), codec="raw", layout=LAYOUT).data
    for wrong, words in ((taller, "shape or layout"), (stranger, "does not know a value")):
        with pytest.raises(CodecError, match=words):
            applied(wrong, difference, len(new))
    with pytest.raises(CodecError):
        applied(old, difference[: len(difference) // 2], len(new))
