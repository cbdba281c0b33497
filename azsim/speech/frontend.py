"""From log-mel frames to the int8 steps that enter the first layer, piece by piece or whole.

::

    log-mel frames ──> (level) ──> (x - mean) * inv_std ──clip, int8──> 3 frames = 1 step

A recording and the silence after it are whole steps (`azsim.speech.endpoint.listening_steps`). Where there is no
silence after it, frames that do not fill a step, and steps that do not fill a time reduction, are filled up with the
int8 value 0, the mean of the training data (`stacked`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from azsim.nn.fixed_point import quantise_int8
from azsim.nn.normalisation import RunningLevel
from azsim.nn.rnnt.network import Network
from azsim.speech.features import MEL_BINS


class FeatureQuantiser:
    """Log-mel frames to int8 frames, with the statistics of the training data and the network's normalisation."""

    def __init__(self, network: Network, scale: float) -> None:
        self._normalisation = network.normalisation
        self._mean = np.asarray(network.parameters["frontend.mean"], np.float32)
        self._inv_std = np.asarray(network.parameters["frontend.inv_std"], np.float32)
        self._scale = scale

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        """A whole recording, float ``(n, 64)`` to int8 ``(n, 64)``; values beyond the clip become +-127."""
        return self.stream()(frames)

    def stream(self) -> Callable[[np.ndarray], np.ndarray]:
        """The same for the frames of one recording as they come."""
        if self._normalisation == "global":
            return self._on_grid
        level = RunningLevel()
        return lambda frames: self._on_grid(level(frames))

    def _on_grid(self, frames: np.ndarray) -> np.ndarray:
        return quantise_int8((np.asarray(frames, np.float32) - self._mean) * self._inv_std, self._scale)


def stacked(frames: np.ndarray, stack: int, time_reduction: int) -> np.ndarray:
    """All int8 frames of a recording as steps, the tail filled up with zeros.

    Returns:
        int8 ``(steps, stack * 64)``; the number of steps is a multiple of ``time_reduction``.
    """
    group = stack * time_reduction
    missing = -len(frames) % group
    padded = np.concatenate([frames, np.zeros((missing, frames.shape[1]), frames.dtype)])
    return padded.reshape(len(padded) // stack, stack * frames.shape[1])


class Stacker:
    """Log-mel frames of one utterance, as they come, to int8 steps.

    Attributes:
        frames: frames taken so far.
    """

    def __init__(self, quantise: FeatureQuantiser, stack: int) -> None:
        self._quantise = quantise.stream()
        self._stack = stack
        self._waiting = np.zeros((0, MEL_BINS), np.int8)
        self.frames = 0

    def feed(self, frames: np.ndarray) -> np.ndarray:
        """Take log-mel frames ``(n, 64)``; returns the steps that they complete, int8 ``(m, stack * 64)``."""
        self.frames += len(frames)
        waiting = np.concatenate([self._waiting, self._quantise(frames)])
        whole = len(waiting) // self._stack * self._stack
        self._waiting = waiting[whole:]
        return waiting[:whole].reshape(whole // self._stack, self._stack * MEL_BINS)
