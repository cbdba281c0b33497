"""From sound to the int8 steps that enter the first layer, piece by piece or whole.

::

    16 kHz samples ──> log-mel frames ──> (level) ──> (x - mean) * inv_std ──clip, int8──> 3 frames = 1 step

The rule for the tail: samples that do not fill a frame are dropped; frames that do not fill a step, and steps that do
not fill a time reduction, are filled up with the int8 value 0, the mean of the training data.
"""

from __future__ import annotations

from collections.abc import Callable

import kaldi_native_fbank as knf
import numpy as np

from azsim.nn.fixed_point import quantise_int8
from azsim.nn.network import Network
from azsim.nn.normalisation import RunningLevel
from azsim.speech.features import MEL_BINS, PCM16_SCALE, SAMPLE_RATE_HZ, fbank_options


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


class Frontend:
    """The streaming front end of one utterance.

    Attributes:
        frames: frames made so far.
    """

    def __init__(self, quantise: FeatureQuantiser, stack: int, time_reduction: int) -> None:
        self._bank = knf.OnlineFbank(fbank_options())
        self._quantise = quantise.stream()
        self._stack, self._time_reduction = stack, time_reduction
        self._waiting = np.zeros((0, MEL_BINS), np.int8)
        self._log_mel: list[np.ndarray] = []
        self.frames = 0

    def feed(self, samples: np.ndarray) -> np.ndarray:
        """Take float32 mono samples at 16 kHz; returns the steps they complete, int8 ``(n, stack * 64)``."""
        self._bank.accept_waveform(SAMPLE_RATE_HZ, np.asarray(samples, np.float32) * PCM16_SCALE)
        return self._ready()

    def finish(self) -> np.ndarray:
        """The last steps, after the end of the sound."""
        self._bank.input_finished()
        whole = self._ready()
        last = stacked(self._waiting, self._stack, 1)
        done = -(-self.frames // self._stack)
        missing = -done % self._time_reduction
        return np.concatenate([whole, last, np.zeros((missing, whole.shape[1]), np.int8)])

    @property
    def log_mel(self) -> np.ndarray:
        """float32 ``(frames, 64)`` so far."""
        return np.concatenate(self._log_mel) if self._log_mel else np.zeros((0, MEL_BINS), np.float32)

    def _ready(self) -> np.ndarray:
        ready = self._bank.num_frames_ready
        if ready > self.frames:
            new = np.stack([self._bank.get_frame(i) for i in range(self.frames, ready)]).astype(np.float32)
            self.frames = ready
            self._log_mel.append(new)
            self._waiting = np.concatenate([self._waiting, self._quantise(new)])
        whole = len(self._waiting) // self._stack * self._stack
        steps, self._waiting = self._waiting[:whole], self._waiting[whole:]
        return steps.reshape(whole // self._stack, self._stack * MEL_BINS)
