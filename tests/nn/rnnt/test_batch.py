"""Several hypotheses at once give what each gives alone."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.compress.recipe import compress
from azsim.nn.rnnt import kernels
from azsim.nn.rnnt.batch import Networks, States, join_batch, predict_batch, state_bytes
from azsim.nn.rnnt.formats import JOINT_HIDDEN_BITS
from azsim.nn.rnnt.integer_rnnt import IntegerModel


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 9])
@pytest.mark.parametrize("predictor", [(9,), (6, 11)])
def test_a_batch_is_each_hypothesis_alone(make_network, count, predictor):
    model = IntegerModel.of(compress(make_network(2, predictor=predictor)))
    rng = np.random.default_rng(count)
    networks, states = Networks.of(model), States.zeros(model, 3 * count)
    states.hidden[:] = rng.integers(-128, 128, states.hidden.shape)
    states.cell[:] = rng.integers(-32768, 32768, states.cell.shape)
    before, after = rng.permutation(3 * count)[: 2 * count].reshape(2, count)
    labels = rng.integers(0, len(model.embedding), count)
    alone = [(states.hidden[place].copy(), states.cell[place].copy()) for place in before]
    untouched = {place: states.hidden[place].copy() for place in range(3 * count) if place not in after}
    predict_batch(networks, states, before, labels, after, count)
    encoded = rng.integers(-30000, 30000, model.no_bias.size).astype(np.int16)
    joined, logits = np.zeros((count + 1, model.no_bias.size), np.int8), np.zeros((count + 1, 11), np.int32)
    join_batch(networks, encoded, states, after, count, joined, logits)
    for k, (hidden, cell) in enumerate(alone):
        predicted, own, its = np.zeros_like(model.no_bias), np.zeros_like(joined[0]), np.zeros_like(logits[0])
        kernels.predict(
            model.weights, model.biases, model.prediction, model.joint, model.no_bias, model.sigmoid, model.tanh,
            hidden, cell, model.embedding[labels[k]], predicted,
        )  # fmt: skip
        kernels.join(
            model.weights, model.joint, model.output_bias, JOINT_HIDDEN_BITS, model.tanh, encoded, predicted, own, its
        )
        for i, size in enumerate(predictor):
            assert np.array_equal(states.hidden[after[k], i, :size], hidden[i, :size])
            assert np.array_equal(states.cell[after[k], i, :size], cell[i, :size])
        assert np.array_equal(states.predicted[after[k]], predicted)
        assert np.array_equal(joined[k], own)
        assert np.array_equal(logits[k], its)
    assert all(np.array_equal(states.hidden[place], was) for place, was in untouched.items())


def test_a_state_takes_hidden_cell_and_what_the_joint_sees(make_network):
    model = IntegerModel.of(compress(make_network(2, predictor=(6, 11), joint=5)))
    assert state_bytes(model) == (6 + 11) * (1 + 2) + 2 * 5
