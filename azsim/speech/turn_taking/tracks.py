"""What a camera's tracker says of people: head angles and the opening of the mouth, and how a network takes them.

::

    person      time_ms   0   33   67  100 ...     yaw 0, pitch 0: the head faces the device
    ann         yaw_deg   4    5    -    - ...     -: not seen
                mouth    .05  .10   -    - ...
    ──> at every step of 30 ms, of up to three people: seen, facing, mouth opening, mouth motion

A step knows what the tracker had told by its end: rows come later than the moment that they show, and one that is too
old counts no more. So what a step is given does not depend on what comes after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from azsim.speech.endpoint import step_end_ms
from azsim.speech.features import STEP_MS

PEOPLE = 3
"""That the network takes at a step; of more, those that face the device most."""
SEEN, FACING, MOUTH, MOTION = range(4)
FEATURES = 4
"""Of a person at a step."""
CAMERA_DELAY_MS = 67
"""From the moment that a row shows until it is there: two frames at 30 a second; `assumed`."""
STALE_MS = 250
"""After which a person of whom nothing new is known is not seen; `assumed`."""
FACING_DEG = 30.0
"""From the device, at which facing is 0; 1 is straight at it, -1 twice as far away or farther; `assumed`."""
MOTION_STEPS = 10
"""Over which the motion of a mouth is averaged: a syllable and a half; `assumed`."""
MOTION_GAIN = 10.0
"""A mouth that opens or closes by a tenth of its width in every step has a motion of 1."""


@dataclass(frozen=True, eq=False)
class Person:
    """The track of one person.

    Attributes:
        name: as the tracker has it.
        time_ms: of each row, int64 ``(n,)``, rising.
        yaw_deg, pitch_deg: of the head from the direction to the device, float32 ``(n,)``; NaN: not seen.
        mouth_ratio: opening of the mouth over its width, float32 ``(n,)``.
    """

    name: str
    time_ms: np.ndarray
    yaw_deg: np.ndarray
    pitch_deg: np.ndarray
    mouth_ratio: np.ndarray

    def moved(self, by_ms: int) -> Person:
        """The same at other times."""
        return replace(self, time_ms=self.time_ms + by_ms)


Tracks = tuple[Person, ...]
"""Everybody who was in view."""


def away_deg(yaw_deg: np.ndarray, pitch_deg: np.ndarray) -> np.ndarray:
    """Angle between where a head points and the device, 0 to 180."""
    cosine = np.cos(np.radians(yaw_deg)) * np.cos(np.radians(pitch_deg))
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def steps_of(tracks: Sequence[Person], steps: int, first: int = 0) -> np.ndarray:
    """Tracks as the network takes them.

    Args:
        tracks: of everybody, in any order.
        steps: how many.
        first: number of the first one.

    Returns:
        float32 ``(steps, 3, 4)``; zeros where nobody is seen.
    """
    taken = np.zeros((steps, max(PEOPLE, len(tracks)), FEATURES), np.float32)
    for index, person in enumerate(tracks):
        taken[:, index] = _person_steps(person, steps, first)
    if len(tracks) > PEOPLE:
        rank = np.where(taken[..., SEEN] > 0, taken[..., FACING], -2)
        nearest = np.argsort(-rank, axis=1, kind="stable")[:, :PEOPLE]
        taken = np.take_along_axis(taken, nearest[..., None], axis=1)
    return taken


def nobody(steps: int, first: int = 0) -> np.ndarray:
    """What is given where nobody is seen, ``(steps, 3, 4)``."""
    return np.zeros((steps, PEOPLE, FEATURES), np.float32)


def _person_steps(person: Person, steps: int, first: int) -> np.ndarray:
    """One person's features, ``(steps, 4)``."""
    before = min(first, MOTION_STEPS)
    known_ms = step_end_ms(0) + STEP_MS * np.arange(first - before, first + steps)
    known_ms -= CAMERA_DELAY_MS
    row = np.searchsorted(person.time_ms, known_ms, side="right") - 1
    row_of = np.maximum(row, 0)
    made = np.zeros((len(row), FEATURES), np.float32)
    if not len(person.time_ms) or not steps:
        return made[before:]
    yaw, pitch, mouth = (each[row_of] for each in (person.yaw_deg, person.pitch_deg, person.mouth_ratio))
    seen = (row >= 0) & (known_ms - person.time_ms[row_of] <= STALE_MS)
    seen &= ~(np.isnan(yaw) | np.isnan(pitch) | np.isnan(mouth))
    moved = np.zeros(len(row), np.float64)
    both = seen[1:] & seen[:-1]
    moved[1:][both] = np.abs(np.diff(mouth.astype(np.float64)))[both]
    padded = np.concatenate([np.zeros(MOTION_STEPS - 1), moved])
    motion = MOTION_GAIN * np.lib.stride_tricks.sliding_window_view(padded, MOTION_STEPS).mean(axis=1)
    made[seen, SEEN] = 1
    made[seen, FACING] = np.clip(1 - away_deg(yaw, pitch)[seen] / FACING_DEG, -1, 1)
    made[seen, MOUTH] = np.clip(mouth[seen], 0, 1)
    made[seen, MOTION] = np.clip(motion[seen], 0, 1)
    return made[before:]
