"""Trials of speaker verification: who claims to be whom, and the error rate where both errors are equal.

::

    voices (n, d) of recordings with their speakers ──enrolments of a few──> scores: targets, impostors ──> EER
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from azsim.speech.speaker.embedder import unit

ENROLMENT = 3
"""Recordings of one."""


@dataclass(frozen=True)
class Scores:
    """Cosines of trials.

    Attributes:
        targets: of recordings with their own speaker's profile, float64 ``(n,)``.
        impostors: of recordings with another's, ``(m,)``.
        target_speakers, impostor_speakers: whose profile it was, for resampling by speaker.
    """

    targets: np.ndarray
    impostors: np.ndarray
    target_speakers: np.ndarray
    impostor_speakers: np.ndarray


def enrolments(count: int, size: int = ENROLMENT) -> list[tuple[int, ...]]:
    """As many sets of ``size`` of ``count`` recordings, each with those that follow it in a circle; none if too few."""
    return [tuple((first + k) % count for k in range(size)) for first in range(count)] if count > size else []


def scores(
    voices: np.ndarray, speakers: Sequence[str], tested: np.ndarray | None = None, size: int = ENROLMENT
) -> Scores:
    """Every enrolment of every speaker against every recording that is not in it.

    Args:
        voices: of length 1, ``(n, d)``.
        speakers: of each.
        tested: voices of the same recordings as they are tested, such as of their beginnings; None: those enrolled.
        size: recordings of an enrolment.
    """
    names, tested = np.asarray(speakers), voices if tested is None else tested
    targets, impostors, own, others = list[np.ndarray](), list[np.ndarray](), list[np.ndarray](), list[np.ndarray]()
    for speaker in sorted(set(speakers)):
        at = np.flatnonzero(names == speaker)
        for chosen in enrolments(len(at), size):
            cosines = tested @ unit(voices[at[list(chosen)]].mean(axis=0))
            rest = np.delete(at, list(chosen))
            targets.append(cosines[rest])
            impostors.append(cosines[names != speaker])
            own.append(np.full(len(rest), speaker))
            others.append(np.full(int((names != speaker).sum()), speaker))
    joined = [np.concatenate(each) if each else np.zeros(0) for each in (targets, impostors, own, others)]
    return Scores(*joined)


def equal_error(targets: np.ndarray, impostors: np.ndarray) -> tuple[float, float]:
    """The share of errors where those of both kinds are most nearly equal, and the threshold there.

    A recording is accepted if its score is at least the threshold. Both are nan where there is no trial of a kind.
    """
    if not len(targets) or not len(impostors):
        return float("nan"), float("nan")
    levels = np.unique(np.concatenate([targets, impostors]))
    rejected = np.searchsorted(np.sort(targets), levels) / len(targets)
    accepted = 1 - np.searchsorted(np.sort(impostors), levels) / len(impostors)
    best = int(np.argmin(np.abs(rejected - accepted)))
    return float(rejected[best] + accepted[best]) / 2, float(levels[best])
