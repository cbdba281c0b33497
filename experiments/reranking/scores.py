"""Word errors of lattices by weights: every candidate is scored once, then any weights are tried on the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from azsim.cloud.rescore import NBestReranker, Opinions, RescoringWeights
from azsim.report.wer import count_errors
from azsim.speech.lattice.lattice import Lattice
from azsim.speech.lattice.paths import oracle

MOST = 100
"""Candidates of a lattice."""


@dataclass(frozen=True)
class Candidates:
    """The paths of one lattice.

    Attributes:
        parts: float64 ``(paths, 4)``: heard, language, internal, words.
        errors: int ``(paths,)``: of each against the reference.
        oracle_errors: of the nearest path of the whole lattice.
        reference_words: in the reference.
    """

    parts: np.ndarray
    errors: np.ndarray
    oracle_errors: int
    reference_words: int

    def chosen_errors(self, weights: RescoringWeights) -> int:
        """Of the path that the weights choose."""
        factors = np.array([1.0, weights.language, -weights.internal, weights.word])
        return int(self.errors[np.argmax(self.parts @ factors)])


def candidates_of(lattice: Lattice, reference: str, opinions: Opinions) -> Candidates:
    """Ask the models once for each path."""
    scored = list(NBestReranker(opinions, RescoringWeights(), MOST).scored(lattice))
    parts = np.array([[one.heard, one.language, one.internal, len(one.words)] for one in scored])
    errors = np.array([errors_of(reference, one.words) for one in scored])
    return Candidates(parts, errors, oracle(lattice, reference.split())[0], len(reference.split()))


def errors_of(reference: str, words: Sequence[str]) -> int:
    """Word errors of one hypothesis."""
    return int(count_errors([reference], [" ".join(words)])[0, 0])


def wer_percent(found: Sequence[Candidates], weights: RescoringWeights) -> float:
    """Of the paths that the weights choose."""
    errors = sum(each.chosen_errors(weights) for each in found)
    return 100 * errors / sum(each.reference_words for each in found)
