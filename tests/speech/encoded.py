"""Small encoded recordings that the tests make for themselves."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

RATE_HZ = 48_000


def tone(samples: int, channels: int = 2) -> np.ndarray:
    """A tone in a little noise, float32 ``(samples, channels)`` at `RATE_HZ`."""
    wave = 0.3 * np.sin(2 * np.pi * 440 * np.arange(samples) / RATE_HZ)
    noise = 0.01 * np.random.default_rng(1).standard_normal((samples, channels))
    return (wave[:, None] + noise).astype(np.float32)


def encode(path: Path, sound: np.ndarray, codec: str, container: str, **options: str) -> Path:
    """Write ``sound`` by one of FFmpeg's encoders, at `RATE_HZ`."""
    layout = {1: "mono", 2: "stereo"}[sound.shape[1]]
    with av.open(str(path), "w", format=container, options=options) as file:
        stream = file.add_stream(codec, rate=RATE_HZ, layout=layout)
        resampler = av.AudioResampler(format=stream.codec_context.format.name, layout=layout, rate=RATE_HZ)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.T), format="fltp", layout=layout)
        frame.sample_rate, frame.pts = RATE_HZ, 0
        parts = [*resampler.resample(frame), *resampler.resample(None), None]
        file.mux([packet for part in parts for packet in stream.encode(part)])
    return path
