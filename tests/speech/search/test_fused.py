"""Boosts: nothing changes without one, they come before pruning, and what is not completed is taken back."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.nn.rnnt.integer_rnnt import IntegerModel
from azsim.speech.search.beam import Beam, BeamOptions
from tests.speech.search.cases import encoded, network


class Phrase:
    """One phrase: each label of it is boosted, and a failed match takes all of it back."""

    def __init__(self, labels: tuple[int, ...], boost: float) -> None:
        self.labels, self.boost, self.most = labels, boost, boost

    def start(self) -> int:
        return 0

    def advance(self, state: int, label: int) -> tuple[int, float]:
        if label == self.labels[state]:
            matched = state + 1
            return (0 if matched == len(self.labels) else matched), self.boost
        again = int(label == self.labels[0] and len(self.labels) > 1)
        return again, self.boost * again - self.boost * state

    def favoured(self, state: int) -> tuple[int, ...]:
        return (self.labels[state],)

    def finish(self, state: int) -> float:
        return -self.boost * state


def outcome(search: Beam, outputs: np.ndarray):
    for part in np.split(outputs, [3, 4, 11]):
        search.advance(part)
    return search.found()


@pytest.mark.parametrize("merged", [0, 3])
@pytest.mark.parametrize("seed", range(4))
def test_boosts_of_nothing_change_nothing(seed, merged):
    model = IntegerModel.of(network(seed))
    outputs, options = encoded(model, seed, 50), BeamOptions(4, expansions=10, merged_labels=merged)
    plain, fused = outcome(Beam(model, options), outputs), outcome(Beam(model, options, Phrase((3, 4), 0.0)), outputs)
    assert (plain.labels, plain.outputs, plain.probabilities, plain.turns) == (
        fused.labels, fused.outputs, fused.probabilities, fused.turns
    )  # fmt: skip
    assert np.array_equal(plain.graph.scores, fused.graph.scores)
    assert plain.graph.ends == fused.graph.ends


def test_a_boost_wins_where_it_is_large_and_is_no_part_of_a_labels_posterior():
    model = IntegerModel.of(network(2))
    outputs = encoded(model, 2, 50)
    phrase = (9, 10, 6)
    plain = outcome(Beam(model, BeamOptions(4)), outputs)
    fused = outcome(Beam(model, BeamOptions(4, expansions=1), Phrase(phrase, 8.0)), outputs)

    def count(labels: tuple[int, ...]) -> int:
        return sum(labels[k : k + 3] == phrase for k in range(len(labels)))

    assert count(fused.labels) > count(plain.labels)
    assert all(0 < p <= 1 for p in fused.probabilities)
    assert {0.0, 8.0} <= set(np.round(fused.graph.boosts, 3)) <= {0.0, 8.0, -8.0, -16.0}


def test_an_incomplete_match_is_taken_back_at_the_end():
    model = IntegerModel.of(network(2))
    outputs = encoded(model, 2, 24)
    search = Beam(model, BeamOptions(8, expansions=10), Phrase((9, 10, 6, 9, 10, 6, 5), 3.0))
    found = outcome(search, outputs)
    assert min(found.graph.final_boosts.values()) < 0
    open_before = search.hypotheses()[0]
    assert found.labels != open_before.labels or min(found.graph.final_boosts.values()) >= -24.0
