"""Where somebody speaks in a quiet recording, frame by frame, from its energy: what voice activity is learned from."""

from __future__ import annotations

import numpy as np

from azsim.train.augment import NEPERS_PER_DB

BELOW_PEAK_DB, ABOVE_FLOOR_DB = 32.0, 9.0
"""As `azsim.train.corpus.recordings.estimate_bounds_ms` has them."""
FLOOR_PERCENTILE = 10
SHORTEST_FRAMES, BRIDGED_FRAMES = 5, 9
"""Of speech, and of a gap in it that is none: closures of stops take up to 90 ms; `assumed`."""


def speech_frames(features: np.ndarray) -> np.ndarray:
    """Bool ``(n,)``: frames that are speech; all of them where nothing stands out.

    Args:
        features: log-mel ``(n, 64)`` of a recording without noise.
    """
    level = np.log(np.exp(np.asarray(features, np.float64)).sum(axis=1))
    floor = np.percentile(level, FLOOR_PERCENTILE) + ABOVE_FLOOR_DB * NEPERS_PER_DB
    loud = level > max(level.max() - BELOW_PEAK_DB * NEPERS_PER_DB, floor)
    loud = _without_runs(loud, SHORTEST_FRAMES)
    if not loud.any():
        return np.ones(len(level), bool)
    first, last = np.flatnonzero(loud)[[0, -1]]
    inside = ~_without_runs(~loud[first : last + 1], BRIDGED_FRAMES + 1)
    return np.concatenate([np.zeros(first, bool), inside, np.zeros(len(level) - last - 1, bool)])


def _without_runs(flags: np.ndarray, shortest: int) -> np.ndarray:
    """The flags with runs of true that are shorter than this made false."""
    turns = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    kept = np.zeros(len(flags), bool)
    for start, stop in turns.reshape(-1, 2):
        kept[start:stop] = stop - start >= shortest
    return kept
