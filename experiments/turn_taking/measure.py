"""What is taken for speech to the device, by sound, by picture, by both: counts by speaker, F1 and its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from azsim.compress.network import CompressedNetwork
from azsim.compress.stored import load_network
from azsim.nn.graph.executor import Executor, Model
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.speech.endpointing.listening import integers_of
from azsim.speech.endpointing.voice_activity import scaled_steps
from azsim.speech.features import log_mel
from azsim.speech.turn_taking.directed import (
    APART_STEPS,
    FRAMES,
    PEOPLE_SEEN,
    POSTERIORS,
    SPEECH,
    TurnLimits,
    decisions,
)
from azsim.speech.turn_taking.people import CameraErrors
from azsim.speech.turn_taking.tracks import nobody, steps_of
from experiments.turn_taking.scenes import SEED, RecordedScene, Roles, roles_of

BOOTSTRAPS = 2000
USUAL = "4°, 5 % lost"
NOBODY = "nobody in view"
CAMERAS = {
    USUAL: CameraErrors(),
    "15°": CameraErrors(noise_deg=15.0),
    "40 % lost": CameraErrors(dropout_share=0.4),
    "15°, 40 % lost": CameraErrors(noise_deg=15.0, dropout_share=0.4),
}


@dataclass(frozen=True)
class Fused:
    """A network of turn-taking laid out in integers, and its limits."""

    model: Model
    integers: IntegerGraph
    limits: TurnLimits

    @classmethod
    def of(cls, small: CompressedNetwork, source: Path | str) -> Fused:
        """From its bitstreams; the file states the threshold."""
        return cls(*integers_of(small), TurnLimits.of_card(load_network(source).card))

    def posteriors(self, steps: np.ndarray, people: np.ndarray) -> np.ndarray:
        """Of a whole scene, ``(n, 2)``."""
        grids = self.integers.grids
        given = {FRAMES: grids[FRAMES].quantise(steps), PEOPLE_SEEN: grids[PEOPLE_SEEN].quantise(people)}
        return grids[POSTERIORS].restore(Executor(self.model).push(given)[POSTERIORS])


@dataclass(frozen=True)
class Taken:
    """What came of all turns under one condition.

    Attributes:
        wanted, taken: of each turn, bool ``(n,)``.
        is_order: of each turn.
        speakers: of each turn.
        elsewhere: decisions for the device where nobody spoke.
        delays_ms: of the turns that were taken, from the beginning of their speech.
    """

    wanted: np.ndarray
    taken: np.ndarray
    is_order: np.ndarray
    speakers: tuple[str, ...]
    elsewhere: int
    delays_ms: np.ndarray


def heard_steps(scenes: Sequence[RecordedScene], unwanted: np.ndarray, snr_db: float | None) -> list[np.ndarray]:
    """The scenes as steps of log-mel, in the noise, or as they are."""
    rng = np.random.default_rng((SEED, 1))
    sounds = [each.sound if snr_db is None else each.in_noise(unwanted, snr_db, rng) for each in scenes]
    return [scaled_steps(log_mel(sound)) for sound in sounds]


def draws(
    scenes: Sequence[RecordedScene], count: int, overheard_share: float, told_share: float
) -> list[list[Roles]]:
    """Roles of every scene, drawn so many times."""
    return [
        [
            roles_of(each, CAMERAS, overheard_share, told_share, np.random.default_rng((SEED, 2, draw, i)))
            for i, each in enumerate(scenes)
        ]
        for draw in range(count)
    ]


def decide(
    network: Fused,
    scenes: Sequence[RecordedScene],
    steps: Sequence[np.ndarray],
    drawn: Sequence[Sequence[Roles]],
    camera: str,
    speech: Sequence[np.ndarray],
    sees: bool = True,
    hears: bool = True,
) -> Taken:
    """One network over all scenes and draws.

    Args:
        network: to decide by.
        scenes, steps: what is heard, in the same order.
        drawn: roles of the scenes, draw by draw.
        camera: name of its errors, or `NOBODY`.
        speech: posteriors of speech of each scene by which turns are cut, the same for all networks.
        sees, hears: what the network is given.
    """
    wanted, taken, orders, speakers, delays, elsewhere = [], [], [], [], [], 0
    for roles in drawn:
        for scene, heard, role, voiced in zip(scenes, steps, roles, speech, strict=True):
            is_seen = sees and camera != NOBODY
            people = steps_of(role.tracks[camera], len(heard)) if is_seen else nobody(len(heard))
            posteriors = network.posteriors(heard if hears else np.zeros_like(heard), people)
            found = [each for each in decisions(posteriors, network.limits, voiced) if each.directed]
            bounds = [scene.steps_of(index) for index in range(len(scene.turns))]
            for (first, last), turn, to_device in zip(bounds, scene.turns, role.to_device, strict=True):
                own = [each for each in found if first <= each.step <= last + APART_STEPS]
                wanted.append(to_device)
                taken.append(bool(own))
                orders.append(turn.is_order)
                speakers.append(turn.speaker)
                delays += [30 * (own[0].step + 1 - first)] if own else []
            elsewhere += sum(
                not any(first <= each.step <= last + APART_STEPS for first, last in bounds) for each in found
            )
    flags = (np.array(each, bool) for each in (wanted, taken, orders))
    return Taken(*flags, tuple(speakers), elsewhere, np.array(delays))


def speech_of(network: Fused, steps: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Posteriors of speech of every scene, by the sound alone: what cuts turns for all networks."""
    return [network.posteriors(each, nobody(len(each)))[:, SPEECH] for each in steps]


def f1_of(counts: np.ndarray) -> np.ndarray:
    """F1 in percent of counts ``(..., 3)``: right, taken, wanted."""
    return 200 * counts[..., 0] / np.maximum(counts[..., 1] + counts[..., 2], 1)


def by_speaker(found: Taken) -> np.ndarray:
    """Right, taken and wanted turns of every speaker, ``(speakers, 3)``."""
    names = np.array(found.speakers)
    right = found.taken & found.wanted
    return np.array(
        [[each[names == one].sum() for each in (right, found.taken, found.wanted)] for one in sorted(set(names))]
    )


def f1(found: Taken) -> tuple[float, float, float]:
    """F1 in percent, and its 95 % interval by a bootstrap over speakers."""
    counts = by_speaker(found)
    low, high = np.quantile(f1_of(_resampled(counts)), (0.025, 0.975))
    return float(f1_of(counts.sum(axis=0))), float(low), float(high)


def gain(one: Taken, other: Taken) -> tuple[float, float, float]:
    """How many points of F1 the first has more, on the same turns, and its interval over the same draws of speakers."""
    a, b = by_speaker(one), by_speaker(other)
    low, high = np.quantile(f1_of(_resampled(a)) - f1_of(_resampled(b)), (0.025, 0.975))
    return float(f1_of(a.sum(axis=0)) - f1_of(b.sum(axis=0))), float(low), float(high)


def _resampled(counts: np.ndarray) -> np.ndarray:
    drawn = np.random.default_rng(SEED).integers(len(counts), size=(BOOTSTRAPS, len(counts)))
    return counts[drawn].sum(axis=1)


def shares(found: Taken) -> Mapping[str, float]:
    """Percent of the turns to the device that are taken, and of the others."""
    wanted = found.wanted
    return {
        "taken_percent": 100 * float(found.taken[wanted].mean()),
        "false_percent": 100 * float(found.taken[~wanted].mean()),
    }
