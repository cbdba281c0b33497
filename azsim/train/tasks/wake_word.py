"""The wake word's detector: a posterior at every step that the word has just ended, from log-mel.

::

    frames ──3 = 1 step──> dense, relu ──> LSTM ──> the word has just ended
    stream:    people and synthesis say the word ┆ words that sound like it, orders, read books ┆ noise under all
    target:    ▁▁▁▁▁▁▁▁▁?██████?▁▁▁▁▁▁▁▁▁      from the end of the word for 240 ms; not asked around it

Data are the folder ``wake`` of the corpus (`azsim.train.corpus.wake_words`) and its other speech. One voice in four of
the word, of the readers and the people who order is held out: on them the threshold is chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from msgspec import Meta, Struct
from torch.nn import functional

from azsim.errors import InputError
from azsim.nn.graph.graph import Graph
from azsim.speech.endpoint import step_end_ms
from azsim.speech.endpointing.voice_activity import scaled_steps
from azsim.speech.features import FRAME_SHIFT_MS, STACKED_FRAMES, STEP_MS
from azsim.speech.room_tone import room_tone
from azsim.speech.wake_detector import FRAMES, MEAN_STEPS, POSTERIOR, heard_steps
from azsim.train import augment
from azsim.train.corpus.protocol import fold_of
from azsim.train.corpus.wake_words import NEAR, OTHER, WORD
from azsim.train.data import StoredUtterance, complete_folders, load_utterances, of_splits
from azsim.train.detector import DetectorSizes, detector
from azsim.train.recipe import Share
from azsim.train.tasks.task import Arrays, Batch, Run, Task, task

SYNTHETIC, ORDERS, READ = ("train",), ("real-train",), ("real-unlabelled",)
HELD_OUT_ALWAYS = ("real-heldout", "dev-seen", "dev-unseen")
NOISES = ("noise", "music", "noise-recorded")
HELD_OUT_FOLD = 0
UNKNOWN = -1
"""Of a step whose target is not known; the loss leaves it out."""
LOGIT = "logit"
BEFORE_MS, TARGET_MS, AFTER_MS = 90, 240, 180
"""Before the word's end that is not asked; of the target; behind it that is not asked."""
MARGIN_FRAMES = 8
THRESHOLDS = np.round(np.concatenate([np.arange(0.3, 0.7, 0.05), np.arange(0.7, 0.99, 0.005)]), 3)
LATEST_MS = 600
"""After its end, up to which a word counts as heard; from its beginning on, since energy tells the end badly."""
MOST_FALSE_PER_HOUR = 1.5
"""Of held-out speech without the word: what the threshold is chosen by; `assumed`."""


class WakeWordData(Struct, frozen=True, forbid_unknown_fields=True):
    """What streams are made of.

    Attributes:
        streams: in a batch.
        steps: of a stream, 30 ms each.
        shares: of the parts of a stream: the word, words like it, other words, orders, books, synthetic sentences.
        real_share: of the words, those of people.
        noise_share: of the streams, those with noise, music or babble; ``snr_db``: in what range.
        noise_only_share: of the streams, those in which nobody speaks.
        gap_ms: between two parts; ``joined_share`` of the words are followed at once, within ``joined_ms``.
        word_weight: of the steps with the word in the loss.
    """

    streams: Annotated[int, Meta(ge=1, le=512)] = 24
    steps: Annotated[int, Meta(ge=50, le=4000)] = 240
    shares: tuple[float, float, float, float, float, float] = (0.36, 0.16, 0.06, 0.14, 0.16, 0.12)
    real_share: Share = 0.5
    noise_share: Share = 0.7
    snr_db: tuple[float, float] = (-2.0, 30.0)
    noise_only_share: Share = 0.04
    gap_ms: tuple[int, int] = (200, 1500)
    joined_share: Share = 0.5
    joined_ms: tuple[int, int] = (0, 400)
    word_weight: Annotated[float, Meta(gt=0, le=100)] = 2.0


@dataclass(frozen=True)
class Operating:
    """What a threshold comes to on held-out speech.

    Attributes:
        missed: share of the words; ``false``: accepts where there is none.
        delays_ms: of the words that were heard, from their ends.
    """

    missed: float
    false: int
    delays_ms: tuple[int, ...]


@task("wake_word")
class WakeWord(Task):
    """See the module."""

    network_type, data_type = DetectorSizes, WakeWordData
    steps_per_s = 1000 / STEP_MS

    def __init__(self, network: DetectorSizes, data: WakeWordData, corpus: Path) -> None:
        super().__init__(network, data, corpus)
        splits = load_utterances(corpus, complete_folders(corpus))
        words, self._noises = of_splits(splits, (WORD,)), of_splits(splits, NOISES)
        if not words or not self._noises:
            missing = "wake words (wake)" if self._noises else "noise (noise)"
            raise InputError(f"{corpus}: holds no {missing}; python -m azsim.train.corpus makes it")
        real, held_real = _folded([each for each in words if each.line.source == "real"])
        orders, _ = _folded(of_splits(splits, ORDERS))
        readers, held_readers = _folded(of_splits(splits, READ))
        synthetic = of_splits(splits, SYNTHETIC)
        self._real, self._spoken = real, [each for each in words if each.line.source != "real"]
        self._others = (of_splits(splits, (NEAR,)), of_splits(splits, (OTHER,)), orders, readers, synthetic)
        self._held_words = held_real
        self._held_speech = held_readers + of_splits(splits, HELD_OUT_ALWAYS)
        self._chosen: Mapping[str, float] = {}

    def graph(self, rng: np.random.Generator) -> Graph:
        names = {"frames": FRAMES, "logits": LOGIT, "posteriors": POSTERIOR}
        return detector("wake-word", self.network, rng, **names, count=1)

    def batch(self, rng: np.random.Generator) -> Batch:
        made = [self.stream(rng) for _ in range(self.data.streams)]
        frames, ended = (np.stack(each) for each in zip(*made, strict=True))
        return Batch({FRAMES: frames}, {"ended": ended})

    def stream(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Steps ``(n, 192)`` and the target of each, int8 ``(n,)``."""
        data, wanted = self.data, self.data.steps * STACKED_FRAMES
        if rng.random() < data.noise_only_share:
            noise = self._noises[int(rng.integers(len(self._noises)))].features
            frames = noise[(int(rng.integers(len(noise))) + np.arange(wanted)) % len(noise)].astype(np.float32)
            return scaled_steps(frames + np.float32(rng.uniform(-9, 1))), np.zeros(data.steps, np.int8)
        parts, targets, is_word = list[np.ndarray](), list[np.ndarray](), False
        while sum(map(len, parts)) < wanted:
            joined = is_word and rng.random() < data.joined_share
            frames, target, is_word = self._part(rng)
            gap = int(rng.integers(*(data.joined_ms if joined else data.gap_ms), endpoint=True)) // FRAME_SHIFT_MS
            parts += [room_tone(parts[-1] if parts else frames, gap), frames]
            targets += [np.zeros(gap, np.int8), target]
        targets_whole = _spread_ends(np.concatenate(targets))[:wanted]
        frames = augment.equalise(np.concatenate(parts)[:wanted], augment.WIDE_REAL, rng)
        if rng.random() < data.noise_share:
            noise = self._noises[int(rng.integers(len(self._noises)))].features
            frames = augment.add_noise(frames, noise, rng.uniform(*data.snr_db), rng)
        frames = augment.vary_level(frames, augment.WIDE_REAL, rng)
        return scaled_steps(frames), targets_whole.reshape(-1, STACKED_FRAMES)[:, STACKED_FRAMES - 1]

    def _part(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, bool]:
        """Frames, 1 at the last frame of a wake word, and whether there is one."""
        kind = int(rng.choice(len(self.data.shares), p=self.data.shares))
        if kind == 0:
            pool = self._real if rng.random() < self.data.real_share or not self._spoken else self._spoken
            drawn = pool[int(rng.integers(len(pool)))]
            first, last = drawn.speech_frames
            start = max(0, first - int(rng.integers(0, 3 * MARGIN_FRAMES)))
            frames = drawn.features[start : last + int(rng.integers(0, MARGIN_FRAMES))].astype(np.float32)
            varied = augment.vary_voice(frames, augment.WIDE_REAL, rng.random(), rng)
            target = np.zeros(len(varied), np.int8)
            target[min(len(varied) - 1, round((last - start) * len(varied) / len(frames)))] = 1
            return varied, target, True
        pool = self._others[kind - 1] or self._others[-1]
        drawn = pool[int(rng.integers(len(pool)))]
        frames = drawn.features.astype(np.float32)
        most = self.data.steps * STACKED_FRAMES // 2
        start = int(rng.integers(max(1, len(frames) - most)))
        varied = augment.vary_voice(frames[start : start + most], augment.WIDE_REAL, rng.random(), rng)
        return varied, np.zeros(len(varied), np.int8), False

    def loss(self, tensors: Mapping[str, torch.Tensor], batch: Batch) -> torch.Tensor:
        wanted = torch.from_numpy(batch.targets["ended"])
        known = wanted != UNKNOWN
        logits, targets = tensors[LOGIT][..., 0][known], wanted[known].float()
        return functional.binary_cross_entropy_with_logits(
            logits, targets, pos_weight=torch.tensor(self.data.word_weight)
        )

    def measure(self, run: Run) -> dict[str, float]:
        """Misses and false accepts on held-out people, at the lowest threshold with few false accepts there."""
        words = [
            (_posteriors(run, each), each.line.speech_start_ms, each.line.speech_end_ms) for each in self._held_words
        ]
        others = [_posteriors(run, each) for each in self._held_speech]
        hours = sum(len(each) for each in others) * STEP_MS / 3_600_000
        found = {float(level): _operating(words, others, float(level)) for level in THRESHOLDS}
        quiet = [level for level, each in found.items() if each.false <= MOST_FALSE_PER_HOUR * hours]
        chosen = quiet[0] if quiet else max(found)
        each = found[chosen]
        self._chosen = {
            "threshold": chosen,
            "missed_percent": round(100 * each.missed, 2),
            "false_accepts": each.false,
            "without_hours": round(hours, 3),
            "words": len(words),
            "delay_ms": float(np.median(each.delays_ms)) if each.delays_ms else 0.0,
        }
        return dict(self._chosen)

    def facts(self) -> Mapping[str, str | int | float]:
        """The threshold that was chosen last, of the integers."""
        return {"threshold": self._chosen["threshold"], "delay_ms": round(self._chosen["delay_ms"])}

    def calibration(self) -> Iterable[Arrays]:
        rng = np.random.default_rng(17)
        return [{FRAMES: self.stream(rng)[0]} for _ in range(24)]


def _folded(utterances: Sequence[StoredUtterance]) -> tuple[list[StoredUtterance], list[StoredUtterance]]:
    """Those to learn from and those of the people who are held out."""
    people = {each.line.speaker for each in utterances}
    held = {name for name in people if fold_of(name, people) == HELD_OUT_FOLD}
    return [each for each in utterances if each.line.speaker not in held], [
        each for each in utterances if each.line.speaker in held
    ]


def _spread_ends(ends: np.ndarray) -> np.ndarray:
    """Frames at which a word ends as targets: 1 for a while from each on, unknown before and behind that."""
    targets = np.zeros(len(ends), np.int8)
    before, long, after = (each // FRAME_SHIFT_MS for each in (BEFORE_MS, TARGET_MS, AFTER_MS))
    for end in np.flatnonzero(ends):
        targets[max(0, end - before) : end + long + after] = UNKNOWN
        targets[end : end + long] = 1
    return targets


def _posteriors(run: Run, utterance: StoredUtterance) -> np.ndarray:
    """Of a recording and the room after it, ``(n,)``."""
    frames = np.concatenate([utterance.features.astype(np.float32), room_tone(utterance.features, 60)])
    return run({FRAMES: scaled_steps(frames)})[POSTERIOR][:, 0]


def _operating(
    words: Sequence[tuple[np.ndarray, float, float]], others: Sequence[np.ndarray], threshold: float
) -> Operating:
    """What a threshold comes to; words with their beginnings and ends in ms."""
    heard, delays_ms = 0, list[int]()
    for posteriors, start_ms, end_ms in words:
        times_ms = [step_end_ms(step) for step in heard_steps(posteriors, threshold)]
        in_time = [time_ms for time_ms in times_ms if start_ms <= time_ms <= end_ms + LATEST_MS]
        heard += bool(in_time)
        delays_ms += [time_ms - round(end_ms) for time_ms in in_time[:1] if time_ms >= end_ms - MEAN_STEPS * STEP_MS]
    false = sum(len(heard_steps(each, threshold)) for each in others)
    return Operating(1 - heard / max(1, len(words)), false, tuple(delays_ms))
