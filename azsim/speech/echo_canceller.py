"""Cancels the device's own music in the microphone: an adaptive filter in the frequency domain, block by block.

::

    loudspeaker signal x ──FFT──> X0 X1 ... Xp    (the latest block and those before it, one per partition)
                                  │  │      │
                                  W0 W1 ... Wp ──sum, inverse FFT──> echo estimate y
    microphone d ──────────────────────────── d - y = e ──> recogniser
                                  ^                   │
                                  └── gain of each bin and partition x conj(X) x E

A partitioned-block NLMS filter (overlap-save, gradients constrained) whose step size is set anew in every block, bin
and partition: it is the gain of a Kalman filter with diagonal uncertainty. Where the filter is uncertain compared with
what else is in the error (speech of the user, noise), it learns fast; while someone speaks over the music, the error is
large for another reason and the step shrinks by itself. So there is no double-talk detector.

**Source:** G. Enzner, P. Vary, "Frequency-domain adaptive Kalman filter for acoustic echo control in hands-free
telephones", Signal Processing 86 (2006); partitions as in F. Kuech, E. Mabande, G. Enzner, ICASSP 2014. Constants
`assumed`.
"""

from __future__ import annotations

import math

import numpy as np

from azsim.errors import InputError
from azsim.speech.features import SAMPLE_RATE_HZ

BLOCK_MS = 10
"""As the microphone's DMA hands it over."""
BLOCK = SAMPLE_RATE_HZ * BLOCK_MS // 1000
DRIFT = 0.9998
"""How much of the echo path is the same a block later; the rest is new uncertainty."""
SMOOTHING = 0.6
"""Of the error's power spectrum, per block."""
FLOPS_PER_TAP_BIN = 8 + 5 + 10 + 6
"""Per bin and partition: filter, gain, update, uncertainty."""


def partitions_of(tail_ms: int) -> int:
    """Partitions of a filter of at least so many milliseconds."""
    return -(-tail_ms // BLOCK_MS)


def flops_per_block(tail_ms: int) -> int:
    """Floating-point operations of one block: real FFTs at 2.5 n log2 n, and the work per bin and partition."""
    partitions = partitions_of(tail_ms)
    size = 2 * BLOCK
    transforms = 3 + 2 * partitions  # loudspeaker, estimate, error; gradients there and back
    return round(transforms * 2.5 * size * math.log2(size)) + FLOPS_PER_TAP_BIN * partitions * (BLOCK + 1)


class EchoCanceller:
    """One microphone, one loudspeaker, at 16 kHz; it remembers the echo path from block to block.

    Args:
        tail_ms: length of the echo that it can cancel.

    Raises:
        InputError: that is less than a block.
    """

    def __init__(self, tail_ms: int) -> None:
        if tail_ms < BLOCK_MS:
            raise InputError(f"echo canceller: tail_ms = {tail_ms}: must be at least {BLOCK_MS}")
        shape = (partitions_of(tail_ms), BLOCK + 1)
        self._filter = np.zeros(shape, np.complex64)
        self._spectra = np.zeros(shape, np.complex64)
        self._uncertainty = np.ones(shape, np.float32)
        self._previous = np.zeros(BLOCK, np.float32)
        self._error_power = np.zeros(BLOCK + 1, np.float32)

    def block(self, microphone: np.ndarray, loudspeaker: np.ndarray) -> np.ndarray:
        """Cancel one block and learn from it; all float32 ``(160,)``."""
        spectra, filters, uncertainty = self._spectra, self._filter, self._uncertainty
        spectra[1:] = spectra[:-1]
        spectra[0] = np.fft.rfft(np.concatenate([self._previous, loudspeaker]))
        self._previous = loudspeaker
        estimate = np.fft.irfft((filters * spectra).sum(axis=0))[BLOCK:]
        error = microphone - estimate.astype(np.float32)
        error_spectrum = np.fft.rfft(np.concatenate([np.zeros(BLOCK, np.float32), error])).astype(np.complex64)
        self._error_power = SMOOTHING * self._error_power + (1 - SMOOTHING) * np.abs(error_spectrum) ** 2
        power = spectra.real**2 + spectra.imag**2
        expected = (uncertainty * power).sum(axis=0) + 2 * self._error_power + np.float32(1e-9)
        gain = uncertainty / expected
        step = np.fft.irfft(gain * np.conj(spectra) * error_spectrum, axis=1)
        step[:, BLOCK:] = 0  # the filter of a partition is as long as a block
        filters += np.fft.rfft(step, axis=1).astype(np.complex64)
        kept = np.float32(DRIFT**2)
        uncertainty *= kept * (1 - 0.5 * gain * power)
        uncertainty += (1 - kept) * (filters.real**2 + filters.imag**2)
        return error

    def cancel(self, microphone: np.ndarray, loudspeaker: np.ndarray) -> np.ndarray:
        """Cancel a whole recording, float32 ``(n,)``; a last block that is not full is filled up with silence."""
        size = len(microphone)
        padded = np.zeros((2, -(-size // BLOCK) * BLOCK), np.float32)
        padded[0, :size], padded[1, :size] = microphone, loudspeaker
        heard, played = padded.reshape(2, -1, BLOCK)
        return np.concatenate([np.zeros(0, np.float32), *map(self.block, heard, played)])[:size]


def erle_db(echo: np.ndarray, residual: np.ndarray) -> float:
    """Echo return loss enhancement: power of the echo over that of what is left of it, in decibels."""
    before, after = (float(np.mean(np.square(sound, dtype=np.float64))) for sound in (echo, residual))
    return 10 * math.log10(before / after)
