"""Magnitude pruning."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.compress.prune import prune
from azsim.errors import InputError


def weights(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((31, 17)).astype(np.float32)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.75, 1.0])
def test_the_smallest_go_and_the_others_stay(share: float) -> None:
    before = weights()
    after = prune(before, share)
    gone = after == 0
    assert gone.sum() == int(share * before.size)
    np.testing.assert_array_equal(after[~gone], before[~gone])
    if gone.any() and not gone.all():
        assert np.abs(before[gone]).max() <= np.abs(before[~gone]).min()


def test_what_is_sparse_enough_stays_as_it_is() -> None:
    half = prune(weights(), 0.5)
    assert prune(half, 0.5) is half
    assert prune(half, 0.3) is half


def test_existing_zeros_count_first() -> None:
    start = weights()
    start[:, :4] = 0
    after = prune(start, 0.5)
    assert (after[:, :4] == 0).all()
    assert (after == 0).sum() == start.size // 2


def test_equal_magnitudes_go_in_row_major_order() -> None:
    after = prune(np.array([[1, -1, 1], [-1, 2, 1]], np.float32), 0.5)
    np.testing.assert_array_equal(after, [[0, 0, 0], [-1, 2, 1]])


def test_the_input_is_not_changed() -> None:
    before = weights()
    prune(before, 0.9)
    np.testing.assert_array_equal(before, weights())


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_outside_zero_to_one_is_refused(share: float) -> None:
    with pytest.raises(InputError, match="share from 0 to 1"):
        prune(weights(), share)
