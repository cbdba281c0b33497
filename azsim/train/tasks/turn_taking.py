"""Who is spoken to: steps of log-mel and of the people in view to two posteriors, speech and speech to the device.

::

    frames ──dense, relu─────────────────────────┐
    each person ──dense, relu (the same)──sum────┴──> LSTM ──> speech, directed
    scene:    an order ▁▅▇▆▁▁▁▁▅▇▅▆▇▁▁ a read sentence      by a person in view, or by a voice from elsewhere
    said to:  the device, or now and then somebody else ┆ somebody else, or now and then the device
    heads, mouths: simulated (`azsim.speech.turn_taking.people`); the sound is of people

The sound tells orders from read sentences, the picture where a speaker looks: neither is always right, by shares that
the recipe states. One person in four is held out: on them the threshold is chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from msgspec import Meta, Struct
from torch.nn import functional

from azsim.errors import InputError
from azsim.nn.graph.graph import Graph
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.concat import Concat
from azsim.nn.operators.reduce import Reduce
from azsim.nn.operators.relu import Relu
from azsim.nn.operators.reshape import Reshape
from azsim.nn.operators.sigmoid import Sigmoid
from azsim.speech.endpointing.voice_activity import scaled_steps
from azsim.speech.features import FRAME_SHIFT_MS, MEL_BINS, STACKED_FRAMES, STEP_MS
from azsim.speech.room_tone import room_tone
from azsim.speech.turn_taking.directed import (
    APART_STEPS,
    DIRECTED,
    FRAMES,
    PEOPLE_SEEN,
    POSTERIORS,
    SPEECH,
    TurnLimits,
    decisions,
)
from azsim.speech.turn_taking.people import CameraErrors, Saying, simulate
from azsim.speech.turn_taking.tracks import FEATURES, PEOPLE, steps_of
from azsim.train import augment
from azsim.train.corpus.protocol import fold_of
from azsim.train.data import StoredUtterance, complete_folders, load_utterances, of_splits
from azsim.train.layers import Layers
from azsim.train.recipe import Share, Width
from azsim.train.speech_frames import speech_frames
from azsim.train.tasks.task import Arrays, Batch, Run, Task, task

ORDERS, READ = ("real-train",), ("real-unlabelled",)
NOISES = ("noise", "music", "noise-recorded")
HELD_OUT_FOLD = 0
UNKNOWN = -1
"""Of a step whose target is not known; the loss leaves it out."""
LOGITS = "logits"
MARGIN_FRAMES, LONGEST_FRAMES = 15, 330
"""Kept around speech; of an utterance, its beginning."""
MEASURED_SCENES = 80
SCENE_SEED = 43
THRESHOLDS = np.round(np.arange(0.05, 0.96, 0.01), 2)


class TurnTakingSizes(Struct, frozen=True, forbid_unknown_fields=True):
    """Of the network.

    Attributes:
        dense: of the layer that reads the sound.
        person: of the layer that reads a person.
        units: of the LSTM.
    """

    dense: Width = 32
    person: Width = 16
    units: Width = 32


class TurnTakingData(Struct, frozen=True, forbid_unknown_fields=True):
    """What scenes are made of.

    Attributes:
        hears, sees: whether the network is given the sound, the people.
        scenes: that are made, once; batches are drawn from them.
        streams: in a batch.
        steps: of a scene, 30 ms each.
        orders_share: of what is said, orders; the rest are read sentences.
        overheard_share: of the orders, those to somebody else; ``told_share``: of the sentences, those to the device.
        unseen_share: of what is said, what nobody in view says: another room, a television.
        nobody_share: of the scenes, those without anybody in view.
        noise_share: of the scenes, those with noise, music or babble; ``snr_db``: in what range.
        camera_noise_deg, dropout_share: of the tracker, in what range.
        gap_ms: between two things said.
    """

    hears: bool = True
    sees: bool = True
    scenes: Annotated[int, Meta(ge=1, le=20_000)] = 500
    streams: Annotated[int, Meta(ge=1, le=512)] = 16
    steps: Annotated[int, Meta(ge=50, le=4000)] = 240
    orders_share: Share = 0.5
    overheard_share: Share = 0.25
    told_share: Share = 0.1
    unseen_share: Share = 0.12
    nobody_share: Share = 0.15
    noise_share: Share = 0.6
    snr_db: tuple[float, float] = (3.0, 30.0)
    camera_noise_deg: tuple[float, float] = (2.0, 15.0)
    dropout_share: tuple[float, float] = (0.0, 0.4)
    gap_ms: tuple[int, int] = (700, 2000)


@dataclass(frozen=True)
class HeardUtterance:
    """An utterance of the corpus, cut to its speech: log-mel ``(n, 64)``, speech bool ``(n,)``, whether it orders."""

    frames: np.ndarray
    speech: np.ndarray
    is_order: bool


@dataclass(frozen=True)
class TurnScene:
    """What a network is given, and what is right.

    Attributes:
        inputs: ``(n, 192)`` and ``(n, 3, 4)``.
        speech, directed: int8 ``(n,)``; `UNKNOWN` where it is not asked.
        said: first and last step of each thing said, and whether the device is spoken to.
    """

    inputs: Arrays
    speech: np.ndarray
    directed: np.ndarray
    said: tuple[tuple[int, int, bool], ...]


@task("turn_taking")
class TurnTakingTask(Task):
    """See the module."""

    network_type, data_type = TurnTakingSizes, TurnTakingData
    steps_per_s = 1000 / STEP_MS

    def __init__(self, network: TurnTakingSizes, data: TurnTakingData, corpus: Path) -> None:
        super().__init__(network, data, corpus)
        if not data.hears and not data.sees:
            raise InputError("data: hears = false, sees = false: one of them must be true")
        splits = load_utterances(corpus, complete_folders(corpus))
        orders, read = of_splits(splits, ORDERS), of_splits(splits, READ)
        self._noises = of_splits(splits, NOISES)
        needed = {"orders (real)": orders, "read sentences (unlabelled)": read, "noise (noise)": self._noises}
        for what, found in needed.items():
            if not found:
                raise InputError(f"{corpus}: holds no {what}; python -m azsim.train.corpus makes it")
        self._pools = {held: (_held(orders, held), _held(read, held)) for held in (False, True)}
        self._heard: dict[str, HeardUtterance] = {}
        self._chosen: dict[str, float] = {}

    def graph(self, rng: np.random.Generator) -> Graph:
        sizes = self.network
        inputs = {FRAMES: Tensor((STACKED_FRAMES * MEL_BINS,)), PEOPLE_SEEN: Tensor((PEOPLE, FEATURES))}
        layers = Layers("turn-taking", inputs, rng)
        sound = layers.add("heard", Relu(), layers.dense("front", FRAMES, sizes.dense))
        each = layers.add("seen", Relu(), layers.dense("person", PEOPLE_SEEN, sizes.person))
        view = layers.add("view", Reshape((sizes.person,)), layers.add("together", Reduce((0,)), each))
        state = layers.lstm("state", layers.add("both", Concat(), (sound, view)), sizes.units)
        return layers.graph([layers.add(POSTERIORS, Sigmoid(), layers.dense(LOGITS, state, 2))])

    def batch(self, rng: np.random.Generator) -> Batch:
        scenes = [self._scenes[int(i)] for i in rng.integers(len(self._scenes), size=self.data.streams)]
        inputs = {name: np.stack([each.inputs[name] for each in scenes]) for name in (FRAMES, PEOPLE_SEEN)}
        targets = {"speech": np.stack([each.speech for each in scenes])}
        return Batch(inputs, targets | {"directed": np.stack([each.directed for each in scenes])})

    @cached_property
    def _scenes(self) -> list[TurnScene]:
        """All that are learned from; making one takes longer than learning from it."""
        return [self.scene(np.random.default_rng((SCENE_SEED, i))) for i in range(self.data.scenes)]

    def scene(self, rng: np.random.Generator, held_out: bool = False) -> TurnScene:
        """People, what they say, and a camera that looks at them."""
        data, wanted = self.data, self.data.steps * STACKED_FRAMES
        people = 0 if rng.random() < data.nobody_share else int(rng.integers(1, PEOPLE + 1))
        parts, said, length = list[np.ndarray](), list[Saying](), 0
        while length < wanted:
            heard, to_device = self._drawn(rng, held_out)
            frames = augment.equalise(heard.frames, augment.WIDE_REAL, rng)
            gap = int(rng.integers(*data.gap_ms)) // FRAME_SHIFT_MS if parts else int(rng.integers(10, 60))
            parts += [room_tone(frames, gap), frames]
            unseen = not people or rng.random() < data.unseen_share
            speaker = None if unseen else int(rng.integers(people))
            said.append(Saying(length + gap, heard.speech, speaker, to_device))
            length += gap + len(frames)
        frames = np.concatenate(parts)[:wanted]
        if rng.random() < data.noise_share:
            noise = self._noises[int(rng.integers(len(self._noises)))].features
            frames = augment.add_noise(frames, noise, rng.uniform(*data.snr_db), rng)
        frames = augment.vary_level(frames, augment.WIDE_REAL, rng)
        camera = CameraErrors(float(rng.uniform(*data.camera_noise_deg)), float(rng.uniform(*data.dropout_share)))
        tracks = simulate(said, people, wanted * FRAME_SHIFT_MS, rng, camera=camera)
        return self._scene(frames, steps_of(tracks, data.steps), said)

    def _scene(self, frames: np.ndarray, people: np.ndarray, said: Sequence[Saying]) -> TurnScene:
        steps = self.data.steps
        speech, directed = np.zeros(steps, np.int8), np.full(steps, UNKNOWN, np.int8)
        bounds = []
        for each in said:
            spoken = (each.first_frame + np.flatnonzero(each.speech)) // STACKED_FRAMES
            spoken = np.unique(spoken[spoken < steps])
            if spoken.size:
                speech[spoken], directed[spoken] = 1, each.to_device
                bounds.append((int(spoken[0]), int(spoken[-1]), each.to_device))
        sound = scaled_steps(frames)
        if not self.data.hears:
            sound = np.zeros_like(sound)
        if not self.data.sees:
            people = np.zeros_like(people)
        return TurnScene({FRAMES: sound, PEOPLE_SEEN: people}, speech, directed, tuple(bounds))

    def _drawn(self, rng: np.random.Generator, held_out: bool) -> tuple[HeardUtterance, bool]:
        """Something to say, and whether to the device."""
        data = self.data
        orders, read = self._pools[held_out]
        is_order = rng.random() < data.orders_share
        pool = orders if is_order else read
        heard = self._of(pool[int(rng.integers(len(pool)))], is_order)
        varied = augment.warp(heard.frames, rng.uniform(*augment.WIDE_REAL.vocal_tract)).astype(np.float32)
        to_device = rng.random() >= data.overheard_share if is_order else rng.random() < data.told_share
        return HeardUtterance(varied, heard.speech, is_order), bool(to_device)

    def _of(self, utterance: StoredUtterance, is_order: bool) -> HeardUtterance:
        """The utterance cut to its speech, found once."""
        name = utterance.line.id
        if name not in self._heard:
            speech = speech_frames(utterance.features)
            said = np.flatnonzero(speech)
            first = max(0, int(said[0]) - MARGIN_FRAMES)
            chosen = slice(first, min(int(said[-1]) + 1 + MARGIN_FRAMES, first + LONGEST_FRAMES))
            self._heard[name] = HeardUtterance(utterance.features[chosen].astype(np.float32), speech[chosen], is_order)
        return self._heard[name]

    def loss(self, tensors: Mapping[str, torch.Tensor], batch: Batch) -> torch.Tensor:
        total = torch.zeros(())
        for column, name in ((SPEECH, "speech"), (DIRECTED, "directed")):
            wanted = torch.from_numpy(batch.targets[name])
            known = wanted != UNKNOWN
            logits = tensors[LOGITS][..., column][known]
            total = total + functional.binary_cross_entropy_with_logits(logits, wanted[known].float())
        return total

    def measure(self, run: Run) -> dict[str, float]:
        """Of held-out people: speech found, and F1 of what is said to the device at the best threshold there.

        Where speech is, the truth says, so that a network that hears nothing is asked the same.
        """
        rng, scores, wrong = np.random.default_rng(41), list[tuple[float, bool]](), np.zeros(2)
        for _ in range(MEASURED_SCENES):
            scene = self.scene(rng, held_out=True)
            posteriors = run(scene.inputs)[POSTERIORS]
            found = posteriors[:, SPEECH] > 0.5
            wrong += (~found[scene.speech == 1]).mean(), found[scene.speech == 0].mean()
            scores += scored(scene, posteriors)
        threshold, f1 = best_threshold(scores)
        self._chosen = {
            "threshold": threshold,
            "f1_percent": 100 * f1,
            "speech_missed_percent": 100 * float(wrong[0]) / MEASURED_SCENES,
            "quiet_as_speech_percent": 100 * float(wrong[1]) / MEASURED_SCENES,
            "turns": float(len(scores)),
        }
        return dict(self._chosen)

    def facts(self) -> Mapping[str, str | int | float]:
        """The threshold that was chosen last, of the integers."""
        return {"threshold": self._chosen["threshold"]}

    def calibration(self) -> Iterable[Arrays]:
        rng = np.random.default_rng(17)
        return [self.scene(rng).inputs for _ in range(24)]


def scored(scene: TurnScene, posteriors: np.ndarray) -> list[tuple[float, bool]]:
    """The highest posterior decided within each thing said, and whether it was said to the device."""
    decided = decisions(posteriors, TurnLimits(), scene.speech)
    return [
        (
            max((each.posterior for each in decided if first <= each.step <= last + APART_STEPS), default=0.0),
            to_device,
        )
        for first, last, to_device in scene.said
    ]


def best_threshold(scores: Sequence[tuple[float, bool]]) -> tuple[float, float]:
    """The threshold with the highest F1, the middle one of several, and that F1."""
    values, wanted = (np.array(each) for each in zip(*scores, strict=True))
    found = []
    for level in THRESHOLDS:
        taken = values >= level
        right = float((taken & wanted).sum())
        found.append(2 * right / max(float(taken.sum() + wanted.sum()), 1.0))
    best = np.flatnonzero(np.array(found) == max(found))
    return float(THRESHOLDS[best[len(best) // 2]]), max(found)


def _held(utterances: Sequence[StoredUtterance], held_out: bool) -> list[StoredUtterance]:
    """Those of the people who are held out, or of the others."""
    people = {each.line.speaker for each in utterances}
    return [each for each in utterances if (fold_of(each.line.speaker, people) == HELD_OUT_FOLD) == held_out]
