"""The inputs that third parties' networks take, made from azsim's own test recordings as their packages make them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from azsim.resources import shipped

RATE = 16000
Stream = dict[str, np.ndarray]
Recording = tuple[np.ndarray, int, int]
"""Samples, and where speech begins and ends in milliseconds."""
Feed = Callable[[Sequence[Recording]], tuple[list[Stream], np.ndarray | None]]
"""Recordings -> streams, and labels of their steps, or of the streams where those are fewer."""


@cache
def recordings(unseen: bool) -> tuple[tuple[np.ndarray, int, int], ...]:
    """Samples of test recordings and where speech lies in them; of the voices that are unseen in training, or not."""
    import csv

    import soundfile

    manifest = shipped("experiments", "speech") / "manifest.csv"
    with open(manifest, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if (row["unseen_voice"] == "1") == unseen]
    return tuple(
        (
            soundfile.read(manifest.parent / f"{row['file'].removesuffix('.flac')}.flac", dtype="float32")[0],
            int(row["speech_start_ms"]),
            int(row["speech_end_ms"]),
        )
        for row in rows
    )


def vad_chunks(chosen: Sequence[tuple[np.ndarray, int, int]]) -> tuple[list[Stream], np.ndarray | None]:
    """512 samples a step with the 64 before them; a step is speech if more than half of it lies within."""
    streams, labels = [], []
    for samples, start_ms, end_ms in chosen:
        whole = np.concatenate([np.zeros(64, np.float32), samples])
        steps = np.stack([whole[at : at + 576] for at in range(0, len(samples) - 511, 512)])
        middle_ms = (np.arange(len(steps)) * 512 + 256) * 1000 / RATE
        streams.append({"input": steps[:, None]})
        labels.append((middle_ms >= start_ms) & (middle_ms < end_ms))
    return streams, np.concatenate(labels).astype(np.int64)


def mel_windows(chosen: Sequence[tuple[np.ndarray, int, int]]) -> tuple[list[Stream], np.ndarray | None]:
    """80 frames of 40 log mel bands, a window every 40 frames; the frames of 32 ms, every 10 ms."""
    streams = []
    for samples, _, _ in chosen:
        features = np.log10(_mel(samples, 512, 400, np.hamming, 40, centred=False) + 1e-10).astype(np.float32)
        windows = [features[at : at + 80] for at in range(0, len(features) - 79, 40)][:3]
        if windows:
            streams.append({"mel_window": np.stack(windows)[:, None]})
    return streams, None


def turns(chosen: Sequence[tuple[np.ndarray, int, int]]) -> tuple[list[Stream], np.ndarray | None]:
    """Eight seconds up to the end of speech (a turn has ended), and up to the middle of it (it has not)."""
    streams, labels = [], []
    for samples, start_ms, end_ms in chosen:
        for upto_ms, label in ((end_ms + 200, 1), ((start_ms + end_ms) // 2, 0)):
            audio = samples[: upto_ms * RATE // 1000][-8 * RATE :]
            audio = np.pad(audio, (8 * RATE - len(audio), 0))
            audio = (audio - audio.mean()) / np.sqrt(audio.var() + 1e-7)
            logs = np.log10(np.maximum(_mel(audio, 400, 400, _hann, 80, centred=True)[:800].T, 1e-10))
            logs = (np.maximum(logs, logs.max() - 8.0) + 4.0) / 4.0
            streams.append({"input_features": logs[None, None].astype(np.float32)})
            labels.append(label)
    return streams, np.array(labels)


def _hann(length: int) -> np.ndarray:
    return np.hanning(length + 1)[:-1]


def _mel(
    samples: np.ndarray, size: int, window: int, shape: Callable[[int], np.ndarray], bands: int, centred: bool
) -> np.ndarray:
    """Power in Slaney's mel bands, ``(frames, bands)``, a frame every 160 samples."""
    wide = np.asarray(samples, np.float64)
    if centred:
        wide = np.pad(wide, (size // 2, size // 2), mode="reflect")
    taps = np.zeros(size)
    taps[(size - window) // 2 : (size - window) // 2 + window] = shape(window)
    frames = np.lib.stride_tricks.sliding_window_view(wide, size)[::160]
    return np.abs(np.fft.rfft(frames * taps, axis=1)) ** 2 @ _filters(size // 2 + 1, bands)


@cache
def _filters(bins: int, bands: int) -> np.ndarray:
    """Triangles of unit area, ``(bins, bands)``. **Source:** M. Slaney, Auditory Toolbox, 1998."""
    step = np.log(6.4) / 27
    top = 15 + np.log(RATE / 2 / 1000) / step
    mels = np.linspace(0, top, bands + 2)
    edges = np.where(mels < 15, 200 * mels / 3, 1000 * np.exp(step * (mels - 15)))
    slopes = edges[None] - np.linspace(0, RATE / 2, bins)[:, None]
    rising, falling = -slopes[:, :-2] / np.diff(edges)[:-1], slopes[:, 2:] / np.diff(edges)[1:]
    return np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))
