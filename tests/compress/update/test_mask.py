"""Masks from seeds."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.compress.update.mask import SeededMask, seeded_mask
from azsim.errors import InputError

M64 = (1 << 64) - 1


def plain(mask: SeededMask, position: int) -> bool:
    """The rule of docs/updates.md in Python's own integers."""
    z = (mask.seed + 0x9E3779B97F4A7C15 * (position + 1)) & M64
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & M64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & M64
    return (z ^ (z >> 31)) >> 32 < mask.threshold


def test_the_rule_is_that_of_the_specification() -> None:
    mask = SeededMask(0xFEDCBA9876543210, 1 << 30)
    found = mask.of((7, 9)).ravel().tolist()
    assert found == [plain(mask, position) for position in range(63)]


def test_splitmix_of_seed_zero_gives_the_published_numbers() -> None:
    first = 0xE220A8397B1DCDAF >> 32  # the first two outputs of SplitMix64 for seed 0
    second = 0x6E789E6AA1B965F4 >> 32
    assert SeededMask(0, first).of((1, 2)).tolist() == [[False, second < first]]
    assert SeededMask(0, first + 1).of((1, 2)).tolist() == [[True, True]]


def test_the_share_is_met_and_matrices_differ() -> None:
    shape = (400, 250)
    one, two = (seeded_mask(7, name, 0.1).of(shape) for name in ("a", "b"))
    for mask in (one, two):
        assert abs(mask.mean() - 0.1) < 4 * np.sqrt(0.09 / mask.size)
    assert abs((one & two).mean() - 0.01) < 0.002
    assert np.array_equal(one, seeded_mask(7, "a", 0.1).of(shape))


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, 1e-12])
def test_a_share_that_is_no_share_is_refused(share: float) -> None:
    with pytest.raises(InputError, match="above 0 and below 1"):
        seeded_mask(1, "a", share)
