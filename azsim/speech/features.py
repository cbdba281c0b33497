"""Log-mel features: what the recogniser sees of the sound.

::

    16 kHz samples ──25 ms window, 10 ms hop──> 64 mel bins ──log──> (frames, 64)

One definition serves training, the float reference and the device model, so
that a checkpoint never meets features it was not trained on.

Source: log-mel with 64 bins, 25/10 ms is what Amazon describes for its
recognisers (arXiv:1809.07832); window, pre-emphasis and mel scale are Kaldi's.
"""

from __future__ import annotations

import kaldi_native_fbank as knf
import numpy as np

SAMPLE_RATE_HZ = 16_000
FRAME_SHIFT_MS = 10
FRAME_LENGTH_MS = 25
MEL_BINS = 64
STACKED_FRAMES = 3
STEP_MS = FRAME_SHIFT_MS * STACKED_FRAMES

_PIECE = 60 * SAMPLE_RATE_HZ
PCM16_SCALE = 32768.0  # samples in [-1, 1] become int16-sized, as Kaldi expects


def fbank_options() -> knf.FbankOptions:
    """The filter bank's settings; no dither, so the same audio gives the same features."""
    options = knf.FbankOptions()
    options.frame_opts.samp_freq = SAMPLE_RATE_HZ
    options.frame_opts.frame_shift_ms = FRAME_SHIFT_MS
    options.frame_opts.frame_length_ms = FRAME_LENGTH_MS
    options.frame_opts.dither = 0.0
    options.frame_opts.snip_edges = True
    options.mel_opts.num_bins = MEL_BINS
    options.mel_opts.low_freq = 20.0
    options.mel_opts.high_freq = 7600.0
    return options


class LogMel:
    """Log-mel frames of a sound that comes in pieces of any size; they do not depend on where it was cut.

    Attributes:
        frames: frames made so far.
    """

    def __init__(self) -> None:
        self._bank = knf.OnlineFbank(fbank_options())
        self.frames = 0

    def feed(self, samples: np.ndarray) -> np.ndarray:
        """Take float32 mono samples at 16 kHz; returns the frames that they complete, float32 ``(n, 64)``."""
        self._bank.accept_waveform(SAMPLE_RATE_HZ, np.asarray(samples, np.float32) * PCM16_SCALE)
        ready = self._bank.num_frames_ready
        made = np.empty((ready - self.frames, MEL_BINS), np.float32)
        for row, frame in zip(made, range(self.frames, ready), strict=True):
            row[:] = self._bank.get_frame(frame)  # a view of memory that pop gives back
        self._bank.pop(len(made))
        self.frames = ready
        return made


def log_mel(samples: np.ndarray) -> np.ndarray:
    """Log-mel frames of a whole recording.

    Args:
        samples: mono sound at 16 kHz, shape ``(n,)``, float32 in [-1, 1].

    Returns:
        float32 array of shape ``(frames, 64)``; ``frames`` is 0 below 25 ms.
    """
    stream = LogMel()
    pieces = [stream.feed(samples[start : start + _PIECE]) for start in range(0, len(samples), _PIECE)]
    return np.concatenate([np.zeros((0, MEL_BINS), np.float32), *pieces])
