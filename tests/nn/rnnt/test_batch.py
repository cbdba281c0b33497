"""Prediction and joint as searches ask them: what plain integers give, and in a batch what each gives alone."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.compress.recipe import compress
from azsim.nn.graph.executor import Executor, Model
from azsim.nn.rnnt.batch import States, join_batch, predict_batch
from azsim.nn.rnnt.graphs import integer_rnnt_graphs
from azsim.nn.rnnt.integer_rnnt import IntegerModel
from tests.nn.rnnt.plain_integer_rnnt import Reference


@pytest.mark.parametrize("granularity", ["tensor", "gate", "channel"])
@pytest.mark.parametrize("predictor", [(9,), (6, 11)])
def test_label_after_label_as_plain_integers(make_network, granularity, predictor):
    compressed = compress(make_network(2, predictor=predictor), granularity=granularity)
    model, reference, graphs = IntegerModel.of(compressed), Reference(compressed), integer_rnnt_graphs(compressed)
    networks, states = model.networks, States.zeros(model.networks, 2)
    executor = Executor(Model.in_integers(graphs.prediction))
    for k, label in enumerate([0, 4, 4, 10, 1]):
        before, after = np.array([(k + 1) % 2]), np.array([k % 2])
        predict_batch(networks, states, before, np.array([label]), after, 1)
        assert states.predicted[k % 2].tolist() == reference.prediction(label)
        assert np.array_equal(executor.push({"label": np.array([label])})["predicted"][0], states.predicted[k % 2])
        for i, size in enumerate(predictor):
            assert networks.hidden(i) == size
            hidden, cell = reference.state[f"prediction.{i}"]
            assert states.hidden[k % 2, i, :size].tolist() == hidden
            assert states.cell[k % 2, i, :size].tolist() == cell


@pytest.mark.parametrize("granularity", ["tensor", "channel"])
@pytest.mark.parametrize("spread", [2_000, 40_000])
def test_logits_as_plain_integers(tiny_network, granularity, spread):
    compressed = compress(tiny_network, granularity=granularity)
    model, reference = IntegerModel.of(compressed), Reference(compressed)
    encoded, predicted = np.clip(
        np.random.default_rng(0).integers(-spread, spread, (2, 11)), -32768, 32767
    ).astype(np.int16)  # fmt: skip
    states = States.zeros(model.networks, 1)
    states.predicted[0] = predicted
    joined, logits = np.zeros((1, 11), np.int8), np.zeros((1, 11), np.int32)
    join_batch(model.networks, encoded, states, np.array([0]), 1, joined, logits)
    assert logits[0].tolist() == reference.joint(encoded.tolist(), predicted.tolist())
    joint = Executor(Model.in_integers(integer_rnnt_graphs(compressed).joint))
    assert np.array_equal(joint.push({"encoded": encoded[None], "predicted": predicted[None]})["logits"], logits)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 9])
@pytest.mark.parametrize("predictor", [(9,), (6, 11)])
def test_a_batch_is_each_hypothesis_alone(make_network, count, predictor):
    networks = IntegerModel.of(compress(make_network(2, predictor=predictor))).networks
    rng, states = np.random.default_rng(count), States.zeros(networks, 3 * count)
    states.hidden[:] = rng.integers(-128, 128, states.hidden.shape)
    states.cell[:] = rng.integers(-32768, 32768, states.cell.shape)
    before, after = rng.permutation(3 * count)[: 2 * count].reshape(2, count)
    labels = rng.integers(0, networks.pieces, count)
    alone = States(*(part.copy() for part in states))
    untouched = {place: states.hidden[place].copy() for place in range(3 * count) if place not in after}
    predict_batch(networks, states, before, labels, after, count)
    encoded = rng.integers(-30000, 30000, networks.width).astype(np.int16)
    joined, logits = np.zeros((count + 1, networks.width), np.int8), np.zeros((count + 1, 11), np.int32)
    join_batch(networks, encoded, states, after, count, joined, logits)
    for k in range(count):
        own, its = np.zeros((1, networks.width), np.int8), np.zeros((1, 11), np.int32)
        predict_batch(networks, alone, before[k : k + 1], labels[k : k + 1], after[k : k + 1], 1)
        join_batch(networks, encoded, alone, after[k : k + 1], 1, own, its)
        for batch, single in zip(states, alone, strict=True):
            assert np.array_equal(batch[after[k]], single[after[k]])
        assert np.array_equal(joined[k], own[0])
        assert np.array_equal(logits[k], its[0])
    assert all(np.array_equal(states.hidden[place], was) for place, was in untouched.items())


def test_a_state_takes_hidden_cell_and_what_the_joint_sees(make_network):
    networks = IntegerModel.of(compress(make_network(2, predictor=(6, 11), joint=5))).networks
    assert networks.state_bytes == (6 + 11) * (1 + 2) + 2 * 5
