"""Looks for sound in bytes: any 20 ms of a recording, as samples, as log-mel features or as Opus packets.

::

    bytes ──as numbers of every size, order and place──> windows of half of 20 ms ──correlated──> recording, features
         └─> packets of Opus, byte by byte

Numbers are compared by correlation, so that neither a factor, an offset nor coarse steps hide them: of 20 ms that are
there, one window at least lies wholly within, and it is found wherever it was cut from.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from azsim.cloud.opus import OpusChoice, encode_speech
from azsim.speech.features import log_mel

SAMPLES_IN_20_MS, FEATURES_IN_20_MS = 320, 128
SURE = 0.95
"""Correlation from which a window is the recording's; of unrelated bytes none comes near."""
FLAT = 0.5
"""Largest number of a window over its length: above it a single number is nearly all of it, and sound is never so."""
TYPES = ("<i2", ">i2", "i1", "u1", "<f4", ">f4", "<f2")
OPUS_BYTES = 12
"""Of a packet that are looked for, behind its first byte, which is the same for many."""
CHOICES = [
    OpusChoice(bits_per_s, frame_ms, variable_rate, silence_suppression)
    for bits_per_s in (16_000, 32_000)
    for frame_ms in (20, 60)
    for variable_rate in (False, True)
    for silence_suppression in (False, True)
]


def found_in(data: bytes, sound: np.ndarray) -> set[str]:
    """In which forms some 20 ms of the sound are in the data: ``samples``, ``features``, ``opus``.

    Args:
        data: what was sent.
        sound: float32 ``(n,)`` at 16 kHz.
    """
    features = log_mel(sound)
    signals = {
        "samples": ([sound.astype(np.float64)], SAMPLES_IN_20_MS // 2),
        "features": ([each.ravel().astype(np.float64) for each in (features, features.T)], FEATURES_IN_20_MS // 2),
    }
    found = {
        name
        for name, (parts, length) in signals.items()
        if _is_in(data, [_stretches(part, length) for part in parts])
    }
    packets = {packet for choice in CHOICES for packet in encode_speech(sound, choice)}
    if any(packet[1 : 1 + OPUS_BYTES] in data for packet in packets if len(packet) > OPUS_BYTES):
        found.add("opus")
    return found


def _numbers(data: bytes) -> Iterator[np.ndarray]:
    """The bytes read as numbers of every type, from every place at which one may begin."""
    for name in TYPES:
        width = np.dtype(name).itemsize
        for start in range(width):
            whole = (len(data) - start) // width * width
            values = np.frombuffer(data[start : start + whole], name)
            with np.errstate(invalid="ignore"):  # bytes that make no number
                values = values.astype(np.float64)
            yield np.where(np.isfinite(values) & (np.abs(values) < 1e9), values, 0.0)


def _is_in(data: bytes, signals: list[np.ndarray]) -> bool:
    """Whether a window of the bytes' numbers is a stretch of a signal but for a factor and an offset."""
    for numbers in _numbers(data):
        for stretches in signals:
            length = stretches.shape[1]
            windows = _units(numbers[: len(numbers) // length * length].reshape(-1, length))
            windows = windows[np.abs(windows).max(axis=1, initial=0) < FLAT]
            if len(windows) and float((stretches @ windows.T).max(initial=0.0)) > SURE:
                return True
    return False


def _stretches(signal: np.ndarray, length: int) -> np.ndarray:
    """Every stretch of a signal, but for digital silence, which is like anything."""
    found = np.lib.stride_tricks.sliding_window_view(signal, length)
    spread = found.std(axis=1)
    return _units(found[spread > 2e-2 * spread.max()])


def _units(rows: np.ndarray) -> np.ndarray:
    """Rows without their mean and of length 1; those without any are left out."""
    rows = rows - rows.mean(axis=1, keepdims=True)
    sizes = np.linalg.norm(rows, axis=1, keepdims=True)
    some = sizes[:, 0] > 0
    return (rows[some] / sizes[some]).astype(np.float32)
