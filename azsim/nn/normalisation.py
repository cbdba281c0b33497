"""Features set against a level that is tracked while they come, in integers: loudness and channel drop out.

::

    log-mel ── floor ── to 1/256 nat ──┬──────────────── minus ──> to mean, inv_std, int8
                                       └─ level of each band ─┘      no less than 7 nats below it
                                          rises by 1/16 of what is above it, falls by 1/512 of what is below

Each band has its level: it follows speech within some 160 ms and forgets it within some 5 s, so speech lies at and
below it, whatever its loudness, and a band without anything in it says nothing. What lies more than 30 dB below says no
more than that, since the noise of a quiet recording hides it anyway. The level begins at the first frame and nothing
looks ahead, so a recording gives the same features in pieces and whole. The floor keeps digital silence from lying
further below room tone than a microphone's own noise does.

A network says in its metadata whether it was trained so (``running-level``); ``global`` leaves the features alone.

**Source:** after per-channel energy normalisation, Wang et al. 2017 (arXiv:1607.05666): a smoothed energy per band that
divides; here in the log domain, and with two rates, as level meters
have them; what they were chosen by: `experiments/level`.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np

from azsim.compiled import njit

Normalisation = Literal["global", "running-level"]

STEPS_PER_NAT = 256
FRACTION_BITS = 9
"""Of the level, below the features' steps."""
RISE_SHIFT, FALL_SHIFT = 4, 9
WHITE_NATS = 5.17
FLOOR_DBFS = -85.0
"""Of the white noise that stands in for what is below it; `assumed`: a quiet microphone."""
DEPTH_NATS = 7.0
"""How far below the level a frame is told apart: 30 dB."""
OPERATIONS_PER_BAND = 7
"""Per frame: floor, difference, choice of rate, shift, sum, difference, depth."""


class RunningLevel:
    """The level of one utterance; takes its frames in pieces.

    Args:
        rise_shift, fall_shift: of what a frame is above or below the level, 2 to the minus this much moves it.
        depth_nats: how far below the level a frame is told apart.
    """

    def __init__(
        self, rise_shift: int = RISE_SHIFT, fall_shift: int = FALL_SHIFT, depth_nats: float = DEPTH_NATS
    ) -> None:
        self._shifts, self._depth = (rise_shift, fall_shift), np.float32(depth_nats)
        self._level: np.ndarray | None = None

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        """Log-mel ``(n, bands)`` in nats to nats above the level after each frame, -7 at least, float32."""
        frames = np.asarray(frames, np.float32)
        floored = np.maximum(frames, white_noise_nats(FLOOR_DBFS, frames.shape[1]))
        steps = np.rint(floored * np.float32(STEPS_PER_NAT)).astype(np.int32)
        if not len(steps):
            return np.zeros(steps.shape, np.float32)
        if self._level is None:
            self._level = steps[0] << FRACTION_BITS
        above = np.empty_like(steps)
        _follow(steps, self._level, *self._shifts, above)
        told = above.astype(np.float32) * np.float32(2.0**-FRACTION_BITS / STEPS_PER_NAT)
        return np.maximum(told, -self._depth)


def cycles_per_frame(normalisation: Normalisation, bands: int) -> int:
    """What it costs the core that makes the features, beyond them: one cycle an operation, `assumed` (no vectors)."""
    return 0 if normalisation == "global" else OPERATIONS_PER_BAND * bands


@cache
def white_noise_nats(dbfs: float, bands: int) -> np.ndarray:
    """Log-mel of white noise of this level, as the front end has it: with pre-emphasis, 25 ms, 16-bit scale; float32.

    **Source:** shape from the front end's own filters; the constant measured, 0.1 nats off at most.
    """
    edges = np.linspace(*(1127.0 * np.log1p(np.array((20.0, 7600.0)) / 700.0)), bands + 2)
    hertz = 700.0 * np.expm1(edges / 1127.0)
    emphasis = 1 + 0.97**2 - 2 * 0.97 * np.cos(2 * np.pi * hertz[1:-1] / 16_000)
    width = (hertz[2:] - hertz[:-2]) / 2
    nats = (np.log(emphasis * width) + WHITE_NATS + (dbfs + 75.0) * np.log(10.0) / 10.0).astype(np.float32)
    nats.flags.writeable = False
    return nats


def normalised(frames: np.ndarray, normalisation: Normalisation) -> np.ndarray:
    """A whole recording's log-mel frames ``(n, bands)``, set against their level if the network asks for it."""
    return np.asarray(frames, np.float32) if normalisation == "global" else RunningLevel()(frames)


@njit(cache=True, nogil=True)
def _follow(steps: np.ndarray, level: np.ndarray, rise: int, fall: int, above: np.ndarray) -> None:
    """``above`` the level after each frame, the level moved in place; all int32, the level with more fraction bits."""
    for t in range(steps.shape[0]):
        for k in range(steps.shape[1]):
            here = steps[t, k] << FRACTION_BITS
            difference = here - level[k]
            level[k] += difference >> (rise if difference > 0 else fall)
            above[t, k] = here - level[k]
