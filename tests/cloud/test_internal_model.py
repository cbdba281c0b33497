"""What a recogniser believes without sound: its own networks with an encoder that says nothing."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.cloud.internal_model import InternalModel
from azsim.nn.rnnt.pieces import Pieces
from tests.conftest import PIECES, random_network


def by_hand(labels: list[int]) -> float:
    """The same by plain loops over one label after another."""
    weights = random_network().parameters

    def sigmoid(values: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-values))

    size = weights["prediction.0.recurrent"].shape[1]
    hidden, cell, total = np.zeros(size), np.zeros(size), 0.0
    for before, label in zip([0, *labels], labels):
        gates = weights["prediction.0.input"] @ weights["prediction.embedding"][before]
        gates = gates + weights["prediction.0.recurrent"] @ hidden + weights["prediction.0.bias"]
        enter, forget, candidate, output = np.split(gates, 4)
        cell = sigmoid(forget) * cell + sigmoid(enter) * np.tanh(candidate)
        hidden = sigmoid(output) * np.tanh(cell)
        joint = np.tanh(weights["joint.prediction"] @ hidden + weights["joint.bias"])
        logits = (weights["joint.output"] @ joint + weights["joint.output_bias"])[1:]
        total += float(logits[label - 1] - np.log(np.exp(logits).sum()))
    return total


def test_it_is_the_recognisers_own_without_the_blank():
    model = InternalModel(random_network())
    first, state = model.word(model.start, "turn")
    second, state = model.word(state, "on")
    third, _ = model.word(state, "lights")
    labels = Pieces(PIECES).encode("turn on")
    assert len(labels) >= 2
    assert first + second == pytest.approx(by_hand(labels), abs=1e-4)
    spelled = Pieces(PIECES).encode("lights")
    assert first + second + third == pytest.approx(by_hand([*labels, *spelled]), abs=1e-4)


def test_what_may_follow_sums_to_one():
    model = InternalModel(random_network())
    _, state = model.word(model.start, "turn")
    assert np.exp(state.following).sum() == pytest.approx(1)
    assert state.following[0] == -np.inf
