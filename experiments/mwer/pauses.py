"""Pauses inside of what is said: how long the longest is, and recordings with one put in.

::

    ▁▁▂▆█▇▅▂▁▃▇█▆▂▁▁     ──>     ▁▁▂▆█▇▅▂▁·······▁▃▇█▆▂▁▁
       first   last loud             the recording's own background, at the quietest place of the middle
"""

from __future__ import annotations

import numpy as np

from azsim.speech.features import FRAME_SHIFT_MS

LOUD_SHARE = 0.35  # as the estimate of the end of speech has it (azsim.speech.endpoint)
MIDDLE = (0.3, 0.7)
SMOOTHED_FRAMES = 7
PAUSE_MS = (600, 1500)


def loud_frames(features: np.ndarray) -> np.ndarray:
    """Which frames of a log-mel recording ``(frames, 64)`` are loud, bool ``(frames,)``."""
    energy = np.asarray(features, np.float64).mean(axis=1)
    quiet, loud = np.percentile(energy, [10, 95])
    return energy > quiet + LOUD_SHARE * (loud - quiet)


def longest_pause_ms(features: np.ndarray) -> int:
    """Of the stretches without a loud frame between the first and the last one."""
    loud = np.flatnonzero(loud_frames(features))
    return int(np.diff(loud).max(initial=1) - 1) * FRAME_SHIFT_MS


def with_pause(features: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The recording with 0.6 to 1.5 s of its own background at the quietest place of the middle of its speech."""
    loud = np.flatnonzero(loud_frames(features))
    first, last = int(loud[0]), int(loud[-1])
    smooth = np.convolve(features.mean(axis=1), np.ones(SMOOTHED_FRAMES) / SMOOTHED_FRAMES, "same")
    low, high = (first + round(share * (last - first)) for share in MIDDLE)
    at = low + int(np.argmin(smooth[low : high + 1]))
    quiet = np.concatenate([features[:first], features[last + 1 :]])
    background = quiet if len(quiet) else features[at : at + 1]
    frames = int(rng.integers(PAUSE_MS[0], PAUSE_MS[1] + 1)) // FRAME_SHIFT_MS
    pause = np.resize(np.roll(background, -int(rng.integers(len(background))), axis=0), (frames, features.shape[1]))
    return np.concatenate([features[:at], pause, features[at:]])
