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


def log_mel(samples: np.ndarray) -> np.ndarray:
    """Log-mel frames of a whole recording.

    Args:
        samples: mono sound at 16 kHz, shape ``(n,)``, float32 in [-1, 1].

    Returns:
        float32 array of shape ``(frames, 64)``; ``frames`` is 0 below 25 ms.
    """
    bank = knf.OnlineFbank(fbank_options())
    bank.accept_waveform(SAMPLE_RATE_HZ, np.asarray(samples, np.float32) * PCM16_SCALE)
    bank.input_finished()
    if bank.num_frames_ready == 0:
        return np.zeros((0, MEL_BINS), np.float32)
    return np.stack([bank.get_frame(i) for i in range(bank.num_frames_ready)]).astype(np.float32)
