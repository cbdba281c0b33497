"""Weights with the fewest expected word errors: smooth in the weights, so that no single utterance decides.

::

    candidates x weights ──softmax──> probabilities ──x word errors──> expected errors ──gradient──> weights

**Source:** minimum word error training over lists of candidates: Guo et al., arXiv:2007.13802; steps: Kingma and Ba,
"Adam", arXiv:1412.6980.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from azsim.cloud.rescore import RescoringWeights
from experiments.reranking.scores import FEATURES, Candidates

START = (4.0, 1.0, 0.3, 2.0)
"""What was heard, language, internal, words: before the first step."""
STEPS, RATE = 600, 0.05
LEAST_HEARD = 0.1


@dataclass(frozen=True)
class Fitted:
    """Weights, and what they come to.

    Attributes:
        weights: where what was heard counts 1.
        expected_wer_percent: the mean over the sets.
    """

    weights: RescoringWeights
    expected_wer_percent: float


@dataclass(frozen=True)
class _Set:
    """The candidates of one set, padded to the longest list.

    Attributes:
        features: float64 ``(lattices, paths, FEATURES)``.
        errors: float64 ``(lattices, paths)``.
        there: bool ``(lattices, paths)``.
        words: in all references.
    """

    features: np.ndarray
    errors: np.ndarray
    there: np.ndarray
    words: int

    @staticmethod
    def of(found: Sequence[Candidates], share: float) -> _Set:
        most = max(len(each.errors) for each in found)
        features = np.zeros((len(found), most, FEATURES))
        errors, there = np.zeros((len(found), most)), np.zeros((len(found), most), bool)
        for row, each in enumerate(found):
            count = len(each.errors)
            features[row, :count], errors[row, :count], there[row, :count] = each.features(share), each.errors, True
        return _Set(features, errors, there, sum(each.reference_words for each in found))

    def expected(self, factors: np.ndarray) -> tuple[float, np.ndarray]:
        """Word error rate that is expected, percent, and its gradient."""
        scores = np.where(self.there, self.features @ factors, -np.inf)
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        means = (shares * self.errors).sum(axis=1, keepdims=True)
        slope = ((shares * (self.errors - means))[..., None] * self.features).sum(axis=(0, 1))
        return 100 * float(means.sum()) / self.words, 100 * slope / self.words


def fitted(found: Sequence[Sequence[Candidates]], share: float, *, words_alone: bool = False) -> Fitted:
    """The weights with the fewest expected word errors over sets that count alike.

    Args:
        found: the sets.
        share: of the domains in the language model.
        words_alone: neither model has a say.
    """
    sets = [_Set.of(each, share) for each in found]
    free = np.array([1.0, not words_alone, not words_alone, 1.0])
    factors = np.array(START) * free
    first, second = np.zeros(FEATURES), np.zeros(FEATURES)
    for step in range(1, STEPS + 1):
        slope = free * np.mean([one.expected(factors)[1] for one in sets], axis=0)
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        rate = RATE * (1 - (step - 1) / STEPS)
        factors = factors - rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        factors[0] = max(factors[0], LEAST_HEARD)
    expected = float(np.mean([one.expected(factors)[0] for one in sets]))
    language, internal, word = (round(float(each / factors[0]), 3) for each in factors[1:])
    return Fitted(RescoringWeights(language, internal, word, share), round(expected, 4))
