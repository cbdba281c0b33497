"""Word errors of lattices by weights: every candidate is scored once, then any weights are tried on the numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from azsim.cloud.domain_model import DomainModel
from azsim.cloud.rescore import NBestReranker, Opinions, RescoringWeights
from azsim.report.wer import count_errors
from azsim.speech.lattice.lattice import Lattice
from azsim.speech.lattice.paths import oracle

MOST = 50
"""Candidates of a lattice."""
FEATURES = 4
"""Of a candidate: what was heard, language, internal, words."""


@dataclass(frozen=True)
class Candidates:
    """The paths of one lattice.

    Attributes:
        heard, neural, domain, internal, words: float64 ``(paths,)``: log-probabilities, and the number of words; of a
            sentence of no domain ``domain`` is minus infinity.
        errors: int ``(paths,)``: of each against the reference.
        oracle_errors: of the nearest path of the whole lattice.
        reference_words: in the reference.
    """

    heard: np.ndarray
    neural: np.ndarray
    domain: np.ndarray
    internal: np.ndarray
    words: np.ndarray
    errors: np.ndarray
    oracle_errors: int
    reference_words: int

    def features(self, share: float) -> np.ndarray:
        """What weights are multiplied with, ``(paths, FEATURES)``, if domains have that share."""
        language = self.neural
        if share:
            language = np.logaddexp(math.log(share) + self.domain, math.log1p(-share) + self.neural)
        return np.stack([self.heard, language, -self.internal, self.words], 1)

    def chosen(self, weights: RescoringWeights) -> int:
        """The path that the weights choose; 0 is the one that was heard best."""
        factors = np.array([1.0, weights.language, weights.internal, weights.word])
        return int(np.argmax(self.features(weights.domain_share) @ factors))

    def chosen_errors(self, weights: RescoringWeights) -> int:
        """Of the path that the weights choose."""
        return int(self.errors[self.chosen(weights)])


def candidates_of(lattice: Lattice, reference: str, opinions: Opinions, domain: DomainModel) -> Candidates:
    """Ask the models once for each path; the opinions are the neural model's and the recogniser's own."""
    scored = list(NBestReranker(opinions, RescoringWeights(), MOST).scored(lattice))
    return Candidates(
        heard=np.array([one.heard for one in scored]),
        neural=np.array([one.language for one in scored]),
        domain=np.array([domain.sentence(one.words) for one in scored]),
        internal=np.array([one.internal for one in scored]),
        words=np.array([float(len(one.words)) for one in scored]),
        errors=np.array([errors_of(reference, one.words) for one in scored]),
        oracle_errors=oracle(lattice, reference.split())[0],
        reference_words=len(reference.split()),
    )


def errors_of(reference: str, words: Sequence[str]) -> int:
    """Word errors of one hypothesis."""
    return int(count_errors([reference], [" ".join(words)])[0, 0])


def wer_percent(found: Sequence[Candidates], weights: RescoringWeights) -> float:
    """Of the paths that the weights choose."""
    errors = sum(each.chosen_errors(weights) for each in found)
    return 100 * errors / sum(each.reference_words for each in found)
