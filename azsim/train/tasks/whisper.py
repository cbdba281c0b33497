"""Whether somebody whispers, step by step from log-mel.

::

    frames ──3 = 1 step──> dense, relu ──> LSTM ──> whispered
    the same recording aloud (0) and whispered (1), each at any level, in noise or without; asked where there is speech

Data are the folder ``whispers`` of the corpus (`azsim.train.corpus.whisper_clips`), all of it whispered by linear
prediction or by espeak-ng. One person in four is held out: on them the threshold is chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from msgspec import Meta, Struct
from torch.nn import functional

from azsim.errors import InputError
from azsim.nn.graph.graph import Graph
from azsim.speech.endpointing.voice_activity import scaled_steps
from azsim.speech.features import STACKED_FRAMES, STEP_MS
from azsim.speech.whisper_detector import FRAMES, POSTERIOR
from azsim.train import augment
from azsim.train.corpus.protocol import fold_of
from azsim.train.corpus.whisper_clips import ALOUD, WHISPER, WHISPERED_ORDERS
from azsim.train.data import StoredUtterance, complete_folders, load_utterances, of_splits
from azsim.train.detector import DetectorSizes, detector
from azsim.train.recipe import Share
from azsim.train.speech_frames import speech_frames
from azsim.train.tasks.task import Arrays, Batch, Run, Task, task

NOISES = ("noise", "music", "noise-recorded")
HELD_OUT_FOLD = 0
UNKNOWN = -1
"""Of a step without speech; the loss leaves it out."""
LOGIT = "logit"
MEASURED, MEASURED_FRAMES = 60, 500
"""Recordings of each side that are measured, and frames of each."""
THRESHOLDS = np.round(np.arange(0.1, 0.91, 0.02), 2)


class WhisperData(Struct, frozen=True, forbid_unknown_fields=True):
    """What streams are made of.

    Attributes:
        streams: in a batch.
        steps: of a stream, 30 ms each.
        noise_share: of the streams, those with noise, music or babble; ``snr_db``: in what range.
        gain_db: of a stream beside what the channel does, so that loudness tells nothing.
    """

    streams: Annotated[int, Meta(ge=1, le=512)] = 32
    steps: Annotated[int, Meta(ge=20, le=4000)] = 120
    noise_share: Share = 0.6
    snr_db: tuple[float, float] = (3.0, 35.0)
    gain_db: tuple[float, float] = (-16.0, 16.0)


@task("whisper")
class Whisper(Task):
    """See the module."""

    network_type, data_type = DetectorSizes, WhisperData
    steps_per_s = 1000 / STEP_MS

    def __init__(self, network: DetectorSizes, data: WhisperData, corpus: Path) -> None:
        super().__init__(network, data, corpus)
        splits = load_utterances(corpus, complete_folders(corpus))
        sides = (of_splits(splits, (ALOUD,)), of_splits(splits, (WHISPER, WHISPERED_ORDERS)))
        self._noises = of_splits(splits, NOISES)
        if not all(sides) or not self._noises:
            missing = "whispers (whispers)" if self._noises else "noise (noise)"
            raise InputError(f"{corpus}: holds no {missing}; python -m azsim.train.corpus makes it")
        people = {each.line.speaker for each in sides[0]}
        held = {name for name in people if fold_of(name, people) == HELD_OUT_FOLD}
        self._kept, self._held_out = (
            tuple([each for each in side if (each.line.speaker in held) == is_held] for side in sides)
            for is_held in (False, True)
        )
        self._chosen = 0.5

    def graph(self, rng: np.random.Generator) -> Graph:
        names = {"frames": FRAMES, "logits": LOGIT, "posteriors": POSTERIOR}
        return detector("whisper", self.network, rng, **names, count=1)

    def batch(self, rng: np.random.Generator) -> Batch:
        made = [self.stream(rng) for _ in range(self.data.streams)]
        frames, whispered = (np.stack(each) for each in zip(*made, strict=True))
        return Batch({FRAMES: frames}, {"whispered": whispered})

    def stream(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Steps ``(n, 192)`` and the target of each, int8 ``(n,)``."""
        is_whisper = int(rng.integers(2))
        pool = self._kept[is_whisper]
        utterance = pool[int(rng.integers(len(pool)))]
        wanted, spoken = self.data.steps * STACKED_FRAMES, speech_frames(utterance.features)
        first = max(0, int(np.argmax(spoken)) - int(rng.integers(0, 60)))
        at = (first + np.arange(wanted)) % len(spoken)
        frames = augment.warp(utterance.features[at].astype(np.float32), rng.uniform(0.88, 1.14))
        frames = augment.equalise(frames, augment.WIDE_REAL, rng)
        frames = frames + np.float32(augment.NEPERS_PER_DB * rng.uniform(*self.data.gain_db))
        if rng.random() < self.data.noise_share:
            noise = self._noises[int(rng.integers(len(self._noises)))].features
            frames = augment.add_noise(frames, noise, rng.uniform(*self.data.snr_db), rng)
        frames = augment.vary_level(frames, augment.WIDE_REAL, rng)
        target = np.where(spoken[at], is_whisper, UNKNOWN).astype(np.int8)
        return scaled_steps(frames), target[STACKED_FRAMES // 2 :: STACKED_FRAMES]

    def loss(self, tensors: Mapping[str, torch.Tensor], batch: Batch) -> torch.Tensor:
        wanted = torch.from_numpy(batch.targets["whispered"])
        known = wanted != UNKNOWN
        return functional.binary_cross_entropy_with_logits(tensors[LOGIT][..., 0][known], wanted[known].float())

    def measure(self, run: Run) -> dict[str, float]:
        """F1 of held-out recordings at the threshold that is best on them, and errors of both kinds there, percent."""
        aloud, whispered = (
            np.array([_mean(run, each) for each in side[:: max(1, len(side) // MEASURED)]]) for side in self._held_out
        )
        found = [f1_score(whispered >= level, aloud >= level) for level in THRESHOLDS]
        best = np.flatnonzero(np.isclose(found, max(found)))
        self._chosen = float(THRESHOLDS[best[len(best) // 2]])
        return {
            "f1_percent": 100 * max(found),
            "missed_percent": 100 * float((whispered < self._chosen).mean()),
            "aloud_as_whisper_percent": 100 * float((aloud >= self._chosen).mean()),
        }

    def facts(self) -> Mapping[str, str | int | float]:
        """The threshold that was chosen last, of the integers."""
        return {"threshold": self._chosen}

    def calibration(self) -> Iterable[Arrays]:
        rng = np.random.default_rng(17)
        return [{FRAMES: self.stream(rng)[0]} for _ in range(32)]


def f1_score(found: np.ndarray, wrongly: np.ndarray) -> float:
    """Of whispers that were found or not, bool, and recordings aloud that were taken for whispers or not."""
    hits, false = int(np.sum(found)), int(np.sum(wrongly))
    return 2 * hits / max(1, len(found) + hits + false)


def _mean(run: Run, utterance: StoredUtterance) -> float:
    """Posterior of the steps with speech."""
    features = utterance.features[:MEASURED_FRAMES].astype(np.float32)
    steps = speech_frames(features)[STACKED_FRAMES // 2 :: STACKED_FRAMES]
    posteriors = run({FRAMES: scaled_steps(features)})[POSTERIOR][:, 0]
    chosen = posteriors[: len(steps)][steps[: len(posteriors)]]
    return float(chosen.mean()) if len(chosen) else 0.0
