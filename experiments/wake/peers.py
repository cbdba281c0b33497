"""Detectors of others for the same word, where their packages are installed: openWakeWord's and microWakeWord's.

``pip install pyopen-wakeword pymicro-wakeword`` (Apache-2.0; both bring their networks along). Their thresholds are
their own.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

from azsim.speech.wake_detector import DEAF_MS

Detector = Callable[[np.ndarray], list[int]]
"""Samples at 16 kHz -> the times in ms at which the word was heard."""
LEAD, TAIL = 12_800, 6_400
"""Of silence around each sound: both look back for longer than a word lasts."""
OPEN_THRESHOLD = 0.5
"""openWakeWord's own."""


def peers() -> dict[str, Detector]:
    """Those that are installed."""
    found: dict[str, Detector] = {}
    if find_spec("pyopen_wakeword"):
        found["openWakeWord"] = _open_wake_word
    if find_spec("pymicro_wakeword"):
        found["microWakeWord"] = _micro_wake_word
    return found


def _open_wake_word(sound: np.ndarray) -> list[int]:
    from pyopen_wakeword import Model, OpenWakeWord, OpenWakeWordFeatures

    features, detector = OpenWakeWordFeatures.from_builtin(), OpenWakeWord.from_builtin(Model.ALEXA)
    sound = np.concatenate([np.zeros(LEAD, np.float32), sound, np.zeros(TAIL, np.float32)])
    pcm, made = _pcm(sound), []
    for first in range(0, len(pcm), 1280):
        posteriors = [
            value
            for embedding in features.process_streaming(pcm[first : first + 1280].tobytes())
            for value in detector.process_streaming(embedding)
        ]
        if posteriors and max(posteriors) >= OPEN_THRESHOLD:
            made.append((first + 1280 - LEAD) // 16)
    return _once(made)


def _micro_wake_word(sound: np.ndarray) -> list[int]:
    from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model

    features, detector = MicroWakeWordFeatures(), MicroWakeWord.from_builtin(Model.ALEXA)
    sound = np.concatenate([np.zeros(LEAD, np.float32), sound, np.zeros(TAIL, np.float32)])
    pcm, made = _pcm(sound), []
    for first in range(0, len(pcm), 160):
        for each in features.process_streaming(pcm[first : first + 160].tobytes()):
            if detector.process_streaming(each):
                made.append((first + 160 - LEAD) // 16)
    return _once(made)


def _pcm(sound: np.ndarray) -> np.ndarray:
    return np.clip(np.round(sound * 32768), -32768, 32767).astype("<i2")


def _once(times_ms: list[int]) -> list[int]:
    """Of times close to each other the first."""
    kept: list[int] = []
    for time_ms in times_ms:
        if not kept or time_ms - kept[-1] >= DEAF_MS:
            kept.append(time_ms)
    return kept
