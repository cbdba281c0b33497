"""A voice from log-mel: an embedding for each window of speech, distilled from a published one.

::

    frames ──3 = 1 step──> dense ──> convolutions over time ──> mean and deviation of a window ──> dense: embedding
    windows of a stream ──length 1, mean, length 1──> voice ──┬─ head ─> the teacher's embedding of the recording
                                                              ├─ cosines in a batch as the teacher's
                                                              └─ speakers that are known: additive angular margin
    in the end the last layer is fitted to the speakers in closed form

Data are the folder ``voices`` of the corpus (`azsim.train.corpus.voice_clips`). One person in four of those who order
and read is held out, and so is what is made from their recordings: on them the thresholds are chosen.

**Source:** margin: Deng et al. 2018 (arXiv:1801.07698); convolutions and statistics: Snyder et al. 2018, x-vectors;
discriminants: Fisher 1936;
weights of the three terms `assumed`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from msgspec import Meta, Struct
from torch import nn
from torch.nn import functional

from azsim.errors import InputError
from azsim.nn.graph.graph import Graph
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.conv1d import Conv1d
from azsim.nn.operators.relu import Relu
from azsim.nn.operators.statistics_pool import StatisticsPool
from azsim.speech.endpointing.voice_activity import scaled_steps
from azsim.speech.features import MEL_BINS, STACKED_FRAMES, STEP_MS
from azsim.speech.speaker.embedder import EMBEDDING, FRAMES, unit
from azsim.speech.speaker.trials import equal_error, scores
from azsim.train import augment
from azsim.train.corpus.protocol import fold_of
from azsim.train.corpus.store import read_index
from azsim.train.corpus.voice_clips import FOLDER, ORDER, READ, SPOKEN, TEACHER, WAKE
from azsim.train.data import StoredUtterance, complete_folders, load_utterances, of_splits
from azsim.train.graph_module import GraphModule
from azsim.train.layers import Layers
from azsim.train.recipe import Share, Width
from azsim.train.tasks.task import Arrays, Batch, Run, Task, task

SPLITS = (ORDER, READ, WAKE, SPOKEN)
NOISES = ("noise", "music", "noise-recorded")
HELD_OUT_FOLD = 0
STATISTICS = "statistics"
SHRINKAGE = 0.1
"""Of the mean variance within speakers, added to all; chosen on the people who are held out."""
SURE_SHARE = 0.01
"""Of the impostors above the score that settles a match at once, of the speakers below the one that settles none."""


class SpeakerSizes(Struct, frozen=True, forbid_unknown_fields=True):
    """Of the network.

    Attributes:
        channels: of the dense layer that reads a step, and of the convolutions.
        dilations: of the convolutions of three taps, one after the other.
        wide: of what the statistics are taken of.
        embedding: of a voice.
        window: steps with speech, 30 ms each.
    """

    channels: Width = 128
    dilations: tuple[Annotated[int, Meta(ge=1, le=64)], ...] = (1, 2, 4)
    wide: Width = 192
    embedding: Width = 128
    window: Annotated[int, Meta(ge=4, le=400)] = 24


class SpeakerData(Struct, frozen=True, forbid_unknown_fields=True):
    """What is learned from, and how.

    Attributes:
        recordings: in a batch; two streams are made of each.
        windows: of a stream.
        shares: of orders, read sentences, single words, synthesis.
        noise_share: of the streams, those with noise, music or babble; ``snr_db``: in what range.
        alike_weight: of the cosines in a batch; ``margin_weight``: of the speakers that are known.
        margin: angle, radians; ``sharpness``: of its softmax.
        fitted_batches: that the last layer is fitted to in the end; 0 leaves it as the steps made it.
    """

    recordings: Annotated[int, Meta(ge=2, le=512)] = 32
    windows: Annotated[int, Meta(ge=1, le=20)] = 3
    shares: tuple[Share, Share, Share, Share] = (0.34, 0.4, 0.1, 0.16)
    noise_share: Share = 0.5
    snr_db: tuple[float, float] = (3.0, 30.0)
    alike_weight: Annotated[float, Meta(ge=0)] = 10.0
    margin_weight: Annotated[float, Meta(ge=0)] = 0.1
    margin: Annotated[float, Meta(ge=0, le=1)] = 0.15
    sharpness: Annotated[float, Meta(gt=0)] = 20.0
    fitted_batches: Annotated[int, Meta(ge=0, le=10_000)] = 80


@task("speaker")
class Speaker(Task):
    """See the module."""

    network_type, data_type = SpeakerSizes, SpeakerData
    steps_per_s = 1000 / STEP_MS

    def __init__(self, network: SpeakerSizes, data: SpeakerData, corpus: Path) -> None:
        super().__init__(network, data, corpus)
        splits = load_utterances(corpus, complete_folders(corpus))
        everybody = of_splits(splits, SPLITS)
        self._noises = of_splits(splits, NOISES)
        if not everybody or not self._noises:
            missing = "voices (voices)" if self._noises else "noise (noise)"
            raise InputError(f"{corpus}: holds no {missing}; python -m azsim.train.corpus makes it")
        self._teacher = _teacher(corpus, [str(each["id"]) for each in read_index(corpus / FOLDER)])
        held = {name for split in (ORDER, READ) for name in _held_out(of_splits(splits, [split]))}
        kept = [each for each in everybody if _person(each) not in held and len(each.features) >= 2 * STACKED_FRAMES]
        self._pools = tuple([each for each in kept if each.line.split == split] for split in SPLITS)
        self._held_out = [each for each in everybody if each.line.speaker in held]
        names = sorted({each.line.speaker for each in kept})
        self._labels = {name: number for number, name in enumerate(names)}
        self._chosen: Mapping[str, float] = {}

    def graph(self, rng: np.random.Generator) -> Graph:
        sizes = self.network
        layers = Layers("speaker", {FRAMES: Tensor((STACKED_FRAMES * MEL_BINS,))}, rng)
        last = layers.add("read", Relu(), layers.dense("front", FRAMES, sizes.channels))
        for number, dilation in enumerate(sizes.dilations):
            made = layers.conv1d(f"conv{number}", last, sizes.channels, Conv1d(taps=3, dilation=dilation))
            last = layers.add(f"relu{number}", Relu(), made)
        wide = layers.add("spread", Relu(), layers.dense("wide", last, sizes.wide))
        pooled = layers.add(STATISTICS, StatisticsPool(sizes.window), wide)
        return layers.graph([layers.dense(EMBEDDING, pooled, sizes.embedding)])

    def head(self) -> nn.Module:
        self._head = _Head(self.network.embedding, self._teacher_size, len(self._labels))
        return self._head

    @property
    def _teacher_size(self) -> int:
        return len(next(iter(self._teacher.values())))

    def batch(self, rng: np.random.Generator) -> Batch:
        drawn = [self._drawn(rng) for _ in range(self.data.recordings)]
        frames = np.stack([self.stream(each, rng) for each in drawn for _ in range(2)])
        taught = np.stack([self._teacher[each.line.id] for each in drawn for _ in range(2)]).astype(np.float32)
        labels = np.array([self._labels[each.line.speaker] for each in drawn for _ in range(2)])
        return Batch({FRAMES: frames}, {"taught": taught, "labels": labels})

    def _drawn(self, rng: np.random.Generator) -> StoredUtterance:
        shares = np.array([share if pool else 0 for share, pool in zip(self.data.shares, self._pools, strict=True)])
        pool = self._pools[int(rng.choice(len(shares), p=shares / shares.sum()))]
        return pool[int(rng.integers(len(pool)))]

    def stream(self, utterance: StoredUtterance, rng: np.random.Generator) -> np.ndarray:
        """Steps of a part of a recording, through another channel: ``(n, 192)``."""
        wanted = self.data.windows * self.network.window * STACKED_FRAMES
        frames = utterance.features
        start = int(rng.integers(max(1, len(frames) - wanted + 1)))
        chosen = frames[(start + np.arange(wanted)) % len(frames)].astype(np.float32)
        chosen = augment.equalise(chosen, augment.WIDE_REAL, rng)
        if rng.random() < self.data.noise_share:
            noise = self._noises[int(rng.integers(len(self._noises)))].features
            chosen = augment.add_noise(chosen, noise, rng.uniform(*self.data.snr_db), rng)
        return scaled_steps(augment.vary_level(chosen, augment.WIDE_REAL, rng))

    def loss(self, tensors: Mapping[str, torch.Tensor], batch: Batch) -> torch.Tensor:
        windows = functional.normalize(tensors[EMBEDDING], dim=2)
        voices = functional.normalize(windows.mean(1), dim=1)
        taught, labels = torch.from_numpy(batch.targets["taught"]), torch.from_numpy(batch.targets["labels"])
        made = functional.normalize(self._head.project(voices), dim=1)
        loss = (1 - (made * taught).sum(1)).mean()
        alike = voices @ voices.T - taught @ taught.T * self._head.slope - self._head.offset
        off = ~torch.eye(len(voices), dtype=torch.bool)
        loss = loss + self.data.alike_weight * alike[off].square().mean()
        cosines = (voices @ functional.normalize(self._head.speakers, dim=1).T).clamp(-0.999, 0.999)
        own = functional.one_hot(labels, cosines.shape[1]).bool()
        logits = torch.where(own, torch.cos(torch.acos(cosines) + self.data.margin), cosines)
        return loss + self.data.margin_weight * functional.cross_entropy(self.data.sharpness * logits, labels)

    def refined(self, module: GraphModule, rng: np.random.Generator) -> Graph:
        """The last layer fitted: from a window's statistics to what tells the speakers apart that are known."""
        statistics, labels = list[np.ndarray](), list[np.ndarray]()
        for _ in range(self.data.fitted_batches):
            batch = self.batch(rng)
            with torch.no_grad():
                found = module({name: torch.from_numpy(value) for name, value in batch.inputs.items()})
            windows = found[STATISTICS].numpy()
            statistics.append(windows.reshape(-1, windows.shape[2]))
            labels.append(np.repeat(batch.targets["labels"], windows.shape[1]))
        graph = module.graph()
        if not statistics:
            return graph
        weights, bias = discriminants(np.concatenate(statistics), np.concatenate(labels), self.network.embedding)
        own = {f"{EMBEDDING}.weights": weights, f"{EMBEDDING}.bias": bias}
        return replace(graph, parameters={**graph.parameters, **own})

    def measure(self, run: Run) -> dict[str, float]:
        """Equal error rates of people who are held out, and the scores that settle a match."""
        found = {split: self._trials(run, split) for split in (ORDER, READ)}
        targets, impostors = (np.concatenate([each[k] for each in found.values()]) for k in range(2))
        error, threshold = equal_error(targets, impostors)
        self._chosen = {
            "threshold": round(threshold, 4),
            "sure": round(float(np.quantile(impostors, 1 - SURE_SHARE)), 4),
            "unlike": round(float(np.quantile(targets, SURE_SHARE)), 4),
        }
        return {
            "orders_eer_percent": 100 * equal_error(*found[ORDER])[0],
            "read_eer_percent": 100 * equal_error(*found[READ])[0],
            "eer_percent": 100 * error,
        }

    def _trials(self, run: Run, split: str) -> tuple[np.ndarray, np.ndarray]:
        voices, names = [], []
        for each in (each for each in self._held_out if each.line.split == split):
            frames, long = each.features.astype(np.float32), 2 * self.network.window * STACKED_FRAMES
            cuts = range(0, len(frames) - long + 1, long) if split == READ else ()
            for part in [frames[cut : cut + long] for cut in cuts] or [frames]:
                windows = run({FRAMES: scaled_steps(part)})[EMBEDDING]
                if len(windows):
                    voices.append(unit(np.mean([unit(window) for window in windows], axis=0)))
                    names.append(each.line.speaker)
        made = scores(np.array(voices).reshape(len(voices), -1), names)
        return made.targets, made.impostors

    def facts(self) -> Mapping[str, str | int | float]:
        """The scores that were chosen last, of the integers."""
        return {**self._chosen, "window": self.network.window}

    def calibration(self) -> Iterable[Arrays]:
        rng = np.random.default_rng(17)
        return [{FRAMES: self.stream(self._drawn(rng), rng)} for _ in range(48)]


def discriminants(statistics: np.ndarray, labels: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Linear discriminant analysis: the directions in which speakers differ most for how much each varies.

    Args:
        statistics: of windows, ``(n, d)``.
        labels: speaker of each, ``(n,)``.
        size: directions, at most ``d``, the best ones first; each speaker varies as much along all of them.

    Returns:
        Weights float32 ``(size, d)`` and bias ``(size,)``; the mean of all windows becomes 0.
    """
    middle = statistics.mean(axis=0, dtype=np.float64)
    count = statistics.shape[1]
    within, between = np.zeros((count, count)), np.zeros((count, count))
    for label in np.unique(labels):
        own = statistics[labels == label] - middle
        mean = own.mean(axis=0)
        within += (own - mean).T @ (own - mean)
        between += len(own) * np.outer(mean, mean)
    within += SHRINKAGE * float(np.trace(within)) / count * np.eye(count)
    whitening = np.linalg.inv(np.linalg.cholesky(within))
    directions = np.linalg.eigh(whitening @ between @ whitening.T)[1][:, ::-1][:, :size]
    weights = np.sqrt(len(statistics)) * directions.T @ whitening
    return weights.astype(np.float32), (-weights @ middle).astype(np.float32)


class _Head(nn.Module):
    """What is trained with the network and thrown away."""

    def __init__(self, size: int, teacher: int, speakers: int) -> None:
        super().__init__()
        self.project = nn.Linear(size, teacher)
        self.speakers = nn.Parameter(torch.randn(speakers, size) * 0.1)
        self.slope, self.offset = nn.Parameter(torch.tensor(2.0)), nn.Parameter(torch.tensor(-1.0))


def _person(each: StoredUtterance) -> str:
    """Who a recording is of, resampled or not."""
    return each.line.speaker.partition("@")[0]


def _held_out(utterances: Iterable[StoredUtterance]) -> set[str]:
    counted = Counter(_person(each) for each in utterances)
    return {name for name in counted if fold_of(name, counted) == HELD_OUT_FOLD}


def _teacher(corpus: Path, names: list[str]) -> dict[str, np.ndarray]:
    """The teacher's embedding of each recording by its name."""
    path = corpus / FOLDER / TEACHER
    try:
        taught = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); python -m azsim.train.corpus voices makes it") from error
    if taught.shape[:1] != (len(names),) or taught.ndim != 2:
        raise InputError(f"{path}: shape {taught.shape}: must have a row for each of {len(names)} recordings")
    return dict(zip(names, taught.astype(np.float32), strict=True))
