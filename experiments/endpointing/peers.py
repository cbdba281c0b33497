"""Other voice-activity detectors: silero-vad through ONNX, webrtcvad; each a posterior of speech for every step.

Both come from packages of their own (``pip install 'azsim[endpointing]'``); one that is not there is left out and said.
silero-vad takes 512 samples and needs the 64 before them; a step has the answer that was there at its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np

from azsim.speech.endpoint import step_end_ms
from azsim.speech.features import SAMPLE_RATE_HZ

SILERO_SAMPLES, SILERO_BEFORE = 512, 64
WEBRTC_MS, WEBRTC_MODE = 10, 2
"""Of a frame; aggressiveness from 0 to 3, as its examples have it."""


class Peer(Protocol):
    """A detector."""

    @property
    def name(self) -> str:
        """In the report."""

    def posteriors(self, sound: np.ndarray, steps: int) -> np.ndarray:
        """Of speech, float64 ``(steps,)``."""


@dataclass(frozen=True)
class Silero:
    """The network of the package silero-vad, run by onnxruntime."""

    path: Path
    name: str = "silero-vad"

    def posteriors(self, sound: np.ndarray, steps: int) -> np.ndarray:
        """Of speech, float64 ``(steps,)``."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(str(self.path), options, providers=["CPUExecutionProvider"])
        state, rate = np.zeros((2, 1, 128), np.float32), np.array(SAMPLE_RATE_HZ, np.int64)
        padded = np.concatenate([np.zeros(SILERO_BEFORE, np.float32), sound])
        found = []
        for start in range(0, len(sound) - SILERO_SAMPLES + 1, SILERO_SAMPLES):
            piece = padded[None, start : start + SILERO_BEFORE + SILERO_SAMPLES]
            posterior, state = session.run(None, {"input": piece, "state": state, "sr": rate})
            found.append(float(posterior[0, 0]))
        return _at_steps(found, SILERO_SAMPLES, steps)


@dataclass(frozen=True)
class WebRtc:
    """The detector of the package webrtcvad: 1 or 0."""

    name: str = "webrtcvad"

    def posteriors(self, sound: np.ndarray, steps: int) -> np.ndarray:
        """Of speech, float64 ``(steps,)``."""
        import webrtcvad

        detector, size = webrtcvad.Vad(WEBRTC_MODE), SAMPLE_RATE_HZ * WEBRTC_MS // 1000
        pcm = np.clip(np.rint(sound * 32768), -32768, 32767).astype("<i2")
        found = [
            float(detector.is_speech(pcm[start : start + size].tobytes(), SAMPLE_RATE_HZ))
            for start in range(0, len(pcm) - size + 1, size)
        ]
        return _at_steps(found, size, steps)


def peers() -> Iterator[Peer]:
    """Those that are installed."""
    spec = find_spec("silero_vad")
    if spec is not None and spec.submodule_search_locations and find_spec("onnxruntime"):
        yield Silero(Path(spec.submodule_search_locations[0]) / "data" / "silero_vad.onnx")
    if find_spec("webrtcvad"):
        yield WebRtc()


def _at_steps(found: list[float], samples: int, steps: int) -> np.ndarray:
    """The last answer that there was at the end of each step; before the first, 0."""
    ends = np.arange(1, len(found) + 1) * samples
    times = np.array([step_end_ms(step) * SAMPLE_RATE_HZ // 1000 for step in range(steps)])
    count = np.searchsorted(ends, times, side="right")
    return np.concatenate([[0.0], found])[count]
