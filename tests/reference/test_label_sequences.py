"""The reference of searches: probabilities of all sequences, checked by hand and against a sum over outputs."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.nn.rnnt.graphs import integer_rnnt_graphs
from azsim.nn.rnnt.integer_rnnt import IntegerModel
from azsim.reference.label_sequences import LabelSequences
from tests.speech.search.cases import encoded, network


def sequences(seed: int, levels: int, steps: int = 6, end: int = 0) -> LabelSequences:
    small = network(seed, 3, end)
    model = IntegerModel.of(small)
    outputs = encoded(model, seed, steps)
    return LabelSequences(integer_rnnt_graphs(small), model.logit_scale, outputs, levels, model.sentence_end)


@pytest.mark.parametrize("levels", [1, 2])
def test_probabilities_of_alternatives_are_whole(levels):
    """After ``levels`` labels no blank is asked for, so what is said at an output is a whole distribution."""
    truth = sequences(3, levels).all()
    assert sum(np.exp(total) for total, _ in truth.values()) == pytest.approx(1)
    assert all(best <= total for total, best in truth.values())


def test_silence_is_the_product_of_its_blanks():
    one = sequences(5, 2)
    total, best = one.all()[()]
    assert total == best == pytest.approx(one.log_p(())[:, 0].sum())


def test_nothing_follows_the_end_of_a_sentence():
    truth = sequences(3, 2, end=2).all()
    assert sum(np.exp(total) for total, _ in truth.values()) == pytest.approx(1)
    assert all(2 not in labels[:-1] for labels in truth)
    assert any(labels[-1:] == (2,) for labels in truth)
