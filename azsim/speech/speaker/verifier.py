"""Whose voice it is: cosines with everybody's profile, settled by the first windows where they are plain.

::

    window 1, 2, ... ──mean──> voice ──cosines──> best ≥ sure, or best < unlike: settled, the network runs no more
                                             └──> at the end: best ≥ threshold ──> that person, else nobody

Cheap first, as SpeakerStew (Chai et al. 2021, arXiv:2104.02125) asks a small model before a large one: here the first
second of speech before the rest of it. The three scores were chosen by the network's training on people whom it did not
hear; its file states them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from azsim.errors import InputError
from azsim.speech.speaker.embedder import unit

LEAST_WINDOWS = 2
"""Before a match is settled; `assumed`."""


@dataclass(frozen=True, slots=True)
class MatchLimits:
    """Cosines.

    Attributes:
        threshold: from which on a voice is a person's, when all was heard.
        sure: from which on it is at once.
        unlike: below which it is nobody's at once, and two recordings are not of one person.
    """

    threshold: float
    sure: float
    unlike: float

    @classmethod
    def of_card(cls, card: Mapping[str, object], source: str) -> MatchLimits:
        """As a network's file states them.

        Raises:
            InputError: it does not, or they are in no order.
        """
        stated = {name: card.get(name) for name in cls.__slots__}
        for name, value in stated.items():
            if not isinstance(value, int | float):
                raise InputError(f"{source}: card: {name}: missing; must be a network that `azsim train speaker` made")
        found = cls(**{name: float(value) for name, value in stated.items() if isinstance(value, int | float)})
        if not found.unlike <= found.threshold <= found.sure:
            raise InputError(
                f"{source}: card: unlike = {found.unlike:g}, threshold = {found.threshold:g}, sure = {found.sure:g}: "
                "must not fall"
            )
        return found


@dataclass(frozen=True)
class Profiles:
    """People who enrolled.

    Attributes:
        names: of them.
        voices: of each, float64 of length 1, ``(people, d)``.
    """

    names: tuple[str, ...]
    voices: np.ndarray


@dataclass(frozen=True, slots=True)
class Match:
    """What is known of a voice.

    Attributes:
        name: of the person; empty for nobody who enrolled.
        score: cosine with the profile that is most like it.
        is_settled: whether more speech would be asked nothing.
    """

    name: str
    score: float
    is_settled: bool


def match(windows: Sequence[np.ndarray], profiles: Profiles, limits: MatchLimits, cascade: bool = True) -> Match:
    """The person whose voice these windows are most like.

    Args:
        windows: at least one, of length 1 each.
        profiles: of people.
        limits: of the scores.
        cascade: settle what is plain.
    """
    cosines = profiles.voices @ unit(np.mean(windows, axis=0))
    best = int(np.argmax(cosines))
    score = float(cosines[best])
    plain = score >= limits.sure or score < limits.unlike
    is_settled = cascade and plain and len(windows) >= LEAST_WINDOWS
    return Match(profiles.names[best] if score >= limits.threshold else "", score, is_settled)
