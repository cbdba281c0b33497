"""The recogniser's graphs against plain integers and the search's compiled step: the same, in pieces of any length."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from azsim.compress.recipe import compress
from azsim.compress.stored import load_compressed, load_network
from azsim.nn.graph.executor import Executor, Model
from azsim.nn.rnnt.batch import States, join_batch, predict_batch
from azsim.nn.rnnt.branching import Arbiter, Chance
from azsim.nn.rnnt.float_rnnt import FloatTransducer
from azsim.nn.rnnt.graphs import integer_rnnt_graphs, rnnt_graphs
from azsim.nn.rnnt.integer_rnnt import Encoder, IntegerModel
from azsim.resources import model_names
from tests.nn.rnnt.plain_integer_rnnt import Reference
from tests.nn.rnnt.test_branching import BranchReference

SHAPES = [
    pytest.param({"seed": 1}, {}, id="time-reduction"),
    pytest.param({"seed": 2, "hidden": (6, 5), "time_reduction_after": -1, "predictor": (5, 4)}, {}, id="two-layers"),
    pytest.param({"seed": 3, "hidden": (6, 5), "time_reduction_after": 1}, {}, id="reduction-after-the-last-layer"),
    pytest.param({"seed": 4, "hidden": (8, 5), "spread": 6.0}, {}, id="saturating"),
    pytest.param({"seed": 5, "hidden": (8, 5)}, {"weight_bits": 4, "sparsity": 0.5, "codec": "zvsv"}, id="zvsv"),
    pytest.param({"seed": 5, "hidden": (8, 5)}, {"weight_bits": 4, "codec": "zvsv", "granularity": "gate"}, id="gates"),
    pytest.param({"seed": 5, "predictor": (5, 4)}, {"granularity": "channel"}, id="channels"),
    pytest.param({"seed": 6, "branch_rank": 4}, {}, id="branches"),
    pytest.param({"seed": 7, "branch_rank": 4, "arbiter": 5}, {}, id="arbiter"),
]
SHIPPED = [name for name in model_names() if name.startswith("rnnt-") and name != "rnnt-teacher"]
"""Recognisers; the teacher runs in the cloud, in float."""


def random_steps(columns: int, count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-127, 128, (count, columns)).astype(np.int8)


def in_pieces(executor: Executor, cuts: tuple[int, ...], **inputs: np.ndarray) -> dict[str, np.ndarray]:
    """All of the inputs, cut at some steps."""
    bounds = [0, *cuts, len(next(iter(inputs.values())))]
    parts = [
        executor.push({name: each[a:b] for name, each in inputs.items()})
        for a, b in pairwise(bounds)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def assert_the_same(compressed, steps: np.ndarray, cuts: tuple[int, ...], plain: bool = True) -> None:
    """The encoder is what plain integers give (if asked), prediction and joint what a search computes."""
    model, network, graphs = IntegerModel.of(compressed), compressed.network, integer_rnnt_graphs(compressed)
    flags = {}
    if network.has_branches and not network.has_arbiter:
        flags["large"] = Chance(0.5, seed=1)(steps)
    found = in_pieces(Executor(Model.in_integers(graphs.encoder)), cuts, steps=steps, **flags)
    encoded = found["encoded"]
    assert encoded.dtype == np.int16
    if plain and network.has_branches:
        assert encoded.tolist() == BranchReference(compressed, found["large"]).encoder(steps)
    elif plain:
        assert encoded.tolist() == Reference(compressed).encoder(steps)
    whole = Encoder(model, picker=lambda part: found["large"] if network.has_branches else None).push(steps)
    assert np.array_equal(encoded, whole)

    labels = np.random.default_rng(3).integers(0, len(network.pieces), 9)
    networks, states = model.networks, States.zeros(model.networks, 2)
    predicted = np.zeros((len(labels), networks.width), np.int16)
    joined, logits = np.empty(predicted.shape, np.int8), np.empty((len(labels), len(network.pieces)), np.int32)
    repeated = encoded[np.arange(len(labels)) % len(encoded)]
    for k, label in enumerate(labels):
        before, after = np.array([(k + 1) % 2]), np.array([k % 2])
        predict_batch(networks, states, before, np.array([label]), after, 1)
        predicted[k] = states.predicted[k % 2]
        join_batch(networks, repeated[k], states, after, 1, joined[k : k + 1], logits[k : k + 1])
    prediction = in_pieces(Executor(Model.in_integers(graphs.prediction)), (1, 2, 5), label=labels)["predicted"]
    assert np.array_equal(prediction, predicted)
    joint = Executor(Model.in_integers(graphs.joint)).push({"encoded": repeated, "predicted": predicted})["logits"]
    assert joint.dtype == np.int32
    assert np.array_equal(joint, logits)
    assert graphs.joint.grids["logits"].scale == model.logit_scale


@pytest.mark.parametrize(("shape", "recipe"), SHAPES)
@pytest.mark.parametrize("cuts", [(), (1, 2, 3, 8), (5,), (4, 4, 11)])
def test_random_networks_compute_the_same(make_network, shape, recipe, cuts):
    assert_the_same(compress(make_network(**shape), **recipe), random_steps(192, 13, shape["seed"]), cuts)


@pytest.mark.parametrize("exponent", [-140, -60])
def test_weights_of_any_size_compute_the_same(make_network, exponent):
    network = make_network(8)
    parameters = {k: np.ldexp(v, exponent) if v.ndim == 2 else 1e3 * v for k, v in network.parameters.items()}
    scaled = replace(network, parameters=parameters)
    assert_the_same(compress(scaled, codec="palette", weight_bits=4), random_steps(192, 13), (5,))


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_networks_compute_the_same(name):
    compressed = load_compressed(name) or compress(load_network(name), codec="zvsv", weight_bits=5)
    steps = random_steps(compressed.network.parameters["encoder.0.input"].shape[1], 24) // 3
    assert_the_same(compressed, steps, (7, 8), plain=False)


def test_the_arbiter_picks_as_today(make_network):
    compressed = compress(make_network(7, branch_rank=4, arbiter=5))
    steps = random_steps(192, 30)
    picked = Arbiter(IntegerModel.of(compressed))(steps)
    encoder = Executor(Model.in_integers(integer_rnnt_graphs(compressed).encoder))
    assert 0 < picked.sum() < len(picked)
    assert np.array_equal(encoder.push({"steps": steps})["large"], picked)


@pytest.mark.parametrize("shape", [{}, {"branch_rank": 4, "arbiter": 5}, {"time_reduction_after": -1}])
def test_the_float_graphs_are_the_float_transducer(make_network, shape):
    network = make_network(4, **shape)
    steps = np.random.default_rng(2).normal(0, 1, (14, 192)).astype(np.float32)
    graphs, today = rnnt_graphs(network), FloatTransducer(network)
    found = in_pieces(Executor(Model.in_float(graphs.encoder)), (4, 5), steps=steps)["encoded"]
    wanted, _ = today._encode([steps])
    assert np.allclose(found, wanted[:, 0], atol=1e-5)
    labels = np.array([0, 3, 2])
    sizes = [network.parameters[f"prediction.{i}.recurrent"].shape[1] for i in range(network.layers("prediction"))]
    states = [(np.zeros((1, size), np.float32), np.zeros((1, size), np.float32)) for size in sizes]
    prediction = Executor(Model.in_float(graphs.prediction)).push({"label": labels})["predicted"]
    for k, label in enumerate(labels):
        predicted, states = today.predict(np.array([label]), states)
        assert np.allclose(prediction[k], predicted[0], atol=1e-5)
