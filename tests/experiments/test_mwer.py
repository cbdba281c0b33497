"""Pauses in recordings, and the words that are missing at the end."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.mwer.pauses import PAUSE_MS, longest_pause_ms, with_pause


def spoken(*stretches: tuple[int, float]) -> np.ndarray:
    """Log-mel of stretches of so many frames at a level, with a little noise."""
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(level, 0.1, (frames, 64)) for frames, level in stretches]).astype(np.float32)


def test_the_longest_pause_lies_between_loud_frames() -> None:
    assert longest_pause_ms(spoken((90, 0), (30, 8), (20, 0), (30, 8), (61, 0), (30, 8), (200, 0))) == 610
    assert longest_pause_ms(spoken((90, 0), (60, 8), (90, 0))) == 0


def test_a_pause_is_put_in_and_nothing_is_lost() -> None:
    features = spoken((40, 0), (50, 8), (3, 5), (50, 8), (40, 0))
    before = longest_pause_ms(features)
    for seed in range(5):
        longer = with_pause(features, np.random.default_rng(seed))
        added = len(longer) - len(features)
        assert PAUSE_MS[0] <= 10 * added <= PAUSE_MS[1]
        at = next(i for i, (a, b) in enumerate(zip(longer, features, strict=False)) if not np.array_equal(a, b))
        assert np.array_equal(longer[at + added :], features[at:])
        assert 90 <= at <= 94
        assert longest_pause_ms(longer) >= max(before, PAUSE_MS[0])


def test_words_missing_at_the_end() -> None:
    pytest.importorskip("torch", reason="training needs the extra `train`")
    from experiments.mwer.__main__ import deleted_at_the_end

    said = "turn on the light"
    heard = ("turn on", "turn on the light", "turn the light", "", "turn on a")
    assert [deleted_at_the_end(said, each) for each in heard] == [2, 0, 0, 4, 1]
    assert deleted_at_the_end("", "turn") == 0
