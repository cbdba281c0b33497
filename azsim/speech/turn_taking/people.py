"""Simulated people in front of a device: they look at it or away, speak to it or to each other; all from a seed.

::

    what is said when, by whom, to whom ──> heads turn, mouths move ──> a camera's tracker, noise, drop-outs ──> Tracks

No person was filmed for this. Every share and time below is `assumed`; what was measured with such tracks holds for
these people only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from azsim.speech.features import FRAME_SHIFT_MS
from azsim.speech.turn_taking.tracks import Person, Tracks

CAMERA_FRAME_MS = 33
TURN_MS = 150.0
"""Time constant of a head that turns."""
DRIFT_MS = 1_000.0
"""Of the slow part of a tracker's error, which is half of all."""
DROPOUT_MS = 300.0
"""Mean length of a drop-out."""
PROFILE_DEG, PROFILE_SHARE = 70.0, 0.3
"""Beyond this angle a tracker loses so many frames more."""
AHEAD_MS, BEHIND_MS = 120, 60
"""How long before its sound a mouth moves, and after it."""
SYLLABLE_HZ, CHEWING_HZ = 4.5, 1.5
REST_RATIO, SPEECH_RATIO, CHEWING_RATIO = 0.04, 0.32, 0.12


@dataclass(frozen=True, slots=True)
class Saying:
    """Something that is said.

    Attributes:
        first_frame: of the sound, 10 ms each.
        speech: bool ``(n,)``, frames in which there is speech.
        speaker: number of the person; None for a voice out of the view: another room, a television.
        to_device: rather than to somebody else.
    """

    first_frame: int
    speech: np.ndarray
    speaker: int | None
    to_device: bool

    @property
    def bounds_ms(self) -> tuple[int, int]:
        """Where it begins and ends."""
        first_ms = self.first_frame * FRAME_SHIFT_MS
        return first_ms, first_ms + len(self.speech) * FRAME_SHIFT_MS


@dataclass(frozen=True, slots=True)
class Manners:
    """How people behave.

    Attributes:
        looks_share: of those who speak to the device, those who look at it meanwhile.
        strays_share: of those who speak to somebody else, those who look at the device meanwhile.
        listens_share: of those who are silent while somebody speaks to somebody, those who look at who speaks.
        glances_per_s: how often somebody who speaks looks elsewhere for ``glance_ms``: away from the device, or at it.
        chews_share: of the people, those whose mouth moves although they do not speak, for a while.
    """

    looks_share: float = 0.85
    strays_share: float = 0.12
    listens_share: float = 0.6
    glances_per_s: float = 0.2
    glance_ms: tuple[int, int] = (300, 1200)
    chews_share: float = 0.15


@dataclass(frozen=True, slots=True)
class CameraErrors:
    """A tracker's errors.

    Attributes:
        noise_deg: deviation of its angles.
        dropout_share: of the frames in which a person is not found.
        mouth_noise: deviation of the mouth's opening.
    """

    noise_deg: float = 4.0
    dropout_share: float = 0.05
    mouth_noise: float = 0.015


def simulate(
    said: Sequence[Saying],
    people: int,
    length_ms: int,
    rng: np.random.Generator,
    manners: Manners = Manners(),
    camera: CameraErrors = CameraErrors(),
) -> Tracks:
    """The tracks of people while something is said.

    Args:
        said: in order of time.
        people: in view.
        length_ms: of the whole scene.
        rng: the only source of randomness.
        manners, camera: how people and tracker are.
    """
    time_ms = np.arange(0, max(length_ms, 1), CAMERA_FRAME_MS, dtype=np.int64)
    angles = _heads(said, people, time_ms, rng, manners)
    made = []
    for index in range(people):
        mouth = _mouth([each for each in said if each.speaker == index], time_ms, rng, manners)
        yaw, pitch = angles[index]
        seen = _seen(np.abs(yaw), rng, camera)
        noisy = [each + _error(len(time_ms), camera.noise_deg, rng) for each in (yaw, pitch)]
        noisy.append(np.clip(mouth + rng.normal(0, camera.mouth_noise, len(time_ms)), 0, 1))
        noisy[0], noisy[1] = np.clip(noisy[0], -180, 180), np.clip(noisy[1], -90, 90)
        made.append(Person(f"person {index + 1}", time_ms, *(_hidden(each, seen) for each in noisy)))
    return tuple(made)


def _hidden(values: np.ndarray, seen: np.ndarray) -> np.ndarray:
    return np.where(seen, values, np.nan).astype(np.float32)


def _heads(
    said: Sequence[Saying], people: int, time_ms: np.ndarray, rng: np.random.Generator, manners: Manners
) -> np.ndarray:
    """Yaw and pitch of every head, ``(people, 2, n)``, in degrees from the device."""
    others = np.array([rng.choice((-1, 1)) * rng.uniform(25, 80) for _ in range(max(people, 1))])
    target = np.stack([_idling(time_ms, other, rng) for other in others[:people]]) if people else np.zeros((0, 2, 0))
    for each in said:
        start_ms, end_ms = each.bounds_ms
        during = (time_ms >= start_ms - rng.integers(0, 400)) & (time_ms < end_ms)
        for index in range(people):
            aside = (others[index] + rng.normal(0, 5), rng.normal(-3, 4))
            at_device = (rng.normal(0, 4), rng.normal(0, 4))
            if each.speaker == index:
                looks = rng.random() < (manners.looks_share if each.to_device else manners.strays_share)
                usual, glanced = (at_device, aside) if looks else (aside, at_device)
                _point(target[index], during, usual)
                for glance in _glances(start_ms, end_ms, time_ms, rng, manners):
                    _point(target[index], glance, glanced)
            elif not each.to_device and rng.random() < manners.listens_share:
                _point(target[index], during, aside)
    reach = int(6 * TURN_MS / CAMERA_FRAME_MS)
    return np.stack([[_smooth(row, TURN_MS, reach) for row in head] for head in target]) if people else target


def _idling(time_ms: np.ndarray, other_deg: float, rng: np.random.Generator) -> np.ndarray:
    """Where somebody looks whom nobody speaks to: somewhere else every few seconds, ``(2, n)``."""
    made, at_ms = np.zeros((2, len(time_ms))), 0.0
    while at_ms <= time_ms[-1]:
        until_ms = at_ms + rng.uniform(1_000, 4_000)
        kind = rng.random()
        if kind < 0.5:
            angles = (other_deg + rng.normal(0, 6), rng.normal(-3, 4))
        elif kind < 0.85:
            angles = (rng.uniform(-90, 90), rng.uniform(-40, 0))
        else:
            angles = (rng.normal(0, 5), rng.normal(0, 4))
        _point(made, (time_ms >= at_ms) & (time_ms < until_ms), angles)
        at_ms = until_ms
    return made


def _glances(
    start_ms: int, end_ms: int, time_ms: np.ndarray, rng: np.random.Generator, manners: Manners
) -> list[np.ndarray]:
    """Frames of each glance of somebody who speaks."""
    count = rng.poisson(manners.glances_per_s * (end_ms - start_ms) / 1000)
    begins = rng.uniform(start_ms, end_ms, count)
    return [(time_ms >= begin) & (time_ms < begin + rng.uniform(*manners.glance_ms)) for begin in begins]


def _point(head: np.ndarray, when: np.ndarray, angles: tuple[float, float]) -> None:
    head[:, when] = np.array(angles)[:, None]


def _smooth(values: np.ndarray, constant_ms: float, reach: int) -> np.ndarray:
    """A first-order lag, cut off where it has faded."""
    kernel = np.exp(-np.arange(reach + 1) * CAMERA_FRAME_MS / constant_ms)
    padded = np.concatenate([np.full(reach, values[0]), values])
    return np.convolve(padded, kernel / kernel.sum(), "valid")


def _mouth(
    said: Sequence[Saying], time_ms: np.ndarray, rng: np.random.Generator, manners: Manners
) -> np.ndarray:
    """The true opening of one person's mouth, ``(n,)``."""
    speaks = np.zeros(len(time_ms), bool)
    for each in said:
        spoken_ms = (each.first_frame + np.flatnonzero(each.speech)) * FRAME_SHIFT_MS
        first = np.searchsorted(spoken_ms, time_ms - BEHIND_MS)
        last = np.searchsorted(spoken_ms, time_ms + AHEAD_MS, side="right")
        speaks |= last > first
    wave = _wave(SYLLABLE_HZ, len(time_ms), rng) * rng.uniform(0.6, 1.4)
    mouth = REST_RATIO + SPEECH_RATIO * wave * speaks
    if rng.random() < manners.chews_share:
        begin_ms = rng.uniform(0, time_ms[-1] + 1)
        chews = (time_ms >= begin_ms) & (time_ms < begin_ms + rng.uniform(1_000, 5_000)) & ~speaks
        mouth = mouth + CHEWING_RATIO * _wave(CHEWING_HZ, len(time_ms), rng) * chews
    return mouth


def _wave(rate_hz: float, length: int, rng: np.random.Generator) -> np.ndarray:
    """Openings and closings at about a rate, no two of the same size, 0 to about 1."""
    turns = np.cumsum(rate_hz * CAMERA_FRAME_MS / 1000 * rng.uniform(0.5, 1.5, length)) + rng.random()
    sizes = rng.uniform(0.2, 1.0, int(turns[-1]) + 2)
    return sizes[turns.astype(int)] * np.sin(np.pi * turns) ** 2


def _seen(yaw_deg: np.ndarray, rng: np.random.Generator, camera: CameraErrors) -> np.ndarray:
    """Frames in which a person is found."""
    length = len(yaw_deg)
    mean_frames = 0.5 + DROPOUT_MS / CAMERA_FRAME_MS
    starts_share = -np.log1p(-min(camera.dropout_share, 0.99)) / mean_frames
    seen = ~((yaw_deg > PROFILE_DEG) & (rng.random(length) < PROFILE_SHARE))
    for start in np.flatnonzero(rng.random(length) < starts_share):
        seen[start : start + 1 + int(rng.exponential(DROPOUT_MS) / CAMERA_FRAME_MS)] = False
    return seen


def _error(length: int, deviation: float, rng: np.random.Generator) -> np.ndarray:
    """White and drifting error of an angle, half of the power each."""
    reach = int(4 * DRIFT_MS / CAMERA_FRAME_MS)
    decay = np.exp(-np.arange(reach + 1) * CAMERA_FRAME_MS / DRIFT_MS)
    drift = np.convolve(rng.normal(0, 1, length + reach), decay / np.sqrt((decay**2).sum()), "valid")
    return deviation * np.sqrt(0.5) * (drift + rng.normal(0, 1, length))
