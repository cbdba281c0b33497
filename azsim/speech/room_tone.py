"""The sound of a room in which nobody speaks, made of a recording: what the microphone hears when its file has ended.

::

    features: ▁▁▁▂▅▇▅▆▇▅▂▁▁▁▁┆     the quietest stretch, there and back ─> ┆▁▁▁▁▁▁▁▁▁▁▁▁
                       └──┘ end of the file                                 until the end-point

A recording that holds nothing but loud sound has no such stretch: then its digital silence goes on, or, without any,
the steady level that each band falls to at least.
"""

from __future__ import annotations

import numpy as np

from azsim.speech.bounds import live_frames

STRETCH_FRAMES = 32
LEAST_CONTRAST = 4.6
"""Mean log-mel between the quietest and the loudest stretch, 20 dB; with less the quietest may be speech; `assumed`."""
STEADY_PERCENTILE = 5


def room_tone(features: np.ndarray, frames: int) -> np.ndarray:
    """What follows a recording, float32 ``(frames, 64)``.

    Args:
        features: log-mel of the recording, ``(n, 64)``, at least one frame.
        frames: how many.
    """
    live = live_frames(features)
    if not len(live):
        return _there_and_back(features[-1:], frames)
    level = features.mean(axis=1, dtype=np.float64)
    starts = _whole_stretches(live)
    if len(starts):
        sums = np.concatenate([[0.0], np.cumsum(level)])
        means = (sums[starts + STRETCH_FRAMES] - sums[starts]) / STRETCH_FRAMES
        if means.max() - means.min() >= LEAST_CONTRAST:
            quietest = starts[len(means) - 1 - int(np.argmin(means[::-1]))]
            return _there_and_back(features[quietest : quietest + STRETCH_FRAMES], frames)
    if len(features) - len(live) >= STRETCH_FRAMES:
        silent = np.setdiff1d(np.arange(len(features)), live)
        return _there_and_back(features[silent[np.argmin(level[silent])]][None], frames)
    steady = np.percentile(features[live], STEADY_PERCENTILE, axis=0).astype(np.float32)
    return _there_and_back(steady[None], frames)


def _whole_stretches(live: np.ndarray) -> np.ndarray:
    """First frames of all stretches without digital silence."""
    if len(live) < STRETCH_FRAMES:
        return np.zeros(0, np.int64)
    first, last = live[: len(live) - STRETCH_FRAMES + 1], live[STRETCH_FRAMES - 1 :]
    return first[last - first == STRETCH_FRAMES - 1]


def _there_and_back(stretch: np.ndarray, frames: int) -> np.ndarray:
    """A stretch forwards and backwards by turns, without a jump."""
    turn = np.concatenate([np.arange(len(stretch)), np.arange(len(stretch))[::-1]])
    return np.asarray(stretch[np.resize(turn, frames)], np.float32)
