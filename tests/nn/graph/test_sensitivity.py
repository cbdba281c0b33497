"""Grids chosen by what they cost: a tensor of many octaves becomes int16, nothing else does; hints are kept."""

from __future__ import annotations

import numpy as np

from azsim.nn.graph.calibrate import SizeHistogram, calibrated
from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.run import run_float, run_integers, snr_db
from azsim.nn.graph.sensitivity import calibrated_nearest, calibrated_within, operand_costs
from azsim.nn.graph.tensor import LIMITS, Grid, Tensor
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.lstm import Lstm
from azsim.nn.operators.relu import Relu
from azsim.nn.operators.reshape import Reshape

RNG = np.random.default_rng(11)


def graph() -> Graph:
    """A spectrum whose small places count as much as the large ones, then a layer and an LSTM."""
    gain = np.logspace(0, 1.5, 16)
    parameters = {
        "w": (RNG.normal(0, 1, (16, 16)) * gain).astype(np.float32), "b": RNG.normal(0, 1, 16).astype(np.float32),
        "i": RNG.normal(0, 0.3, (32, 16)).astype(np.float32), "r": RNG.normal(0, 0.3, (32, 8)).astype(np.float32),
    }  # fmt: skip
    nodes = (
        Node("flat", Reshape((16,)), ("x",), ("f",)),
        Node("layer", Dense(), ("f",), ("h",), {"weights": "w", "bias": "b"}),
        Node("relu", Relu(), ("h",), ("a",)),
        Node("lstm", Lstm(), ("a",), ("y",), {"input": "i", "recurrent": "r"}),
    )
    return Graph("net", {"x": Tensor((4, 4))}, ("y",), nodes, parameters)


GRAPH = graph()
STREAMS = [
    {"x": (RNG.normal(0, 1, (30, 16)) / np.logspace(0, 1.5, 16)).reshape(30, 4, 4).astype(np.float32)} for _ in range(3)
]


def nearness(integers) -> float:
    exact, made = (np.concatenate([run(each)["y"] for each in STREAMS]) for run in (
        lambda stream: run_float(GRAPH, stream), lambda stream: run_integers(integers, stream)))  # fmt: skip
    return snr_db(exact, made)


def test_what_costs_most_becomes_int16() -> None:
    narrow = calibrated(GRAPH, STREAMS)
    costs = operand_costs(GRAPH, STREAMS, narrow.stated)
    assert set(costs) == {"x", "a"}  # the layer's state is int8 always
    assert costs["x"] < costs["a"] - 6
    wide = calibrated_within(GRAPH, STREAMS, (costs["x"] + costs["a"]) / 2)
    assert {name for name in costs if wide.stated[name].bits == 16} == {"x"}
    assert nearness(wide) > nearness(narrow) + 3


def test_the_nearest_is_no_farther_than_any() -> None:
    best = calibrated_nearest(GRAPH, STREAMS)
    assert all(grid.bits == 8 for name, grid in best.stated.items() if name in ("x", "a", "y"))
    for end in (99.9, 99.99, 100.0, None):
        assert nearness(best) >= nearness(calibrated(GRAPH, STREAMS, percentile=end)) - 1e-9


def test_least_error_is_that_of_a_search() -> None:
    values = np.concatenate([RNG.normal(0, 1, 2000), [40.0]])
    sizes = SizeHistogram()
    sizes.add(values)
    found = sizes.least_error(LIMITS[8])

    def lost(end: float) -> float:
        grid = Grid(8, end / 127)
        return float(((grid.restore(grid.quantise(values)) - values) ** 2).sum())

    assert lost(found) <= 1.02 * min(lost(end) for end in np.geomspace(1, 41, 400))
    assert SizeHistogram().least_error(127) == 0.0


def test_grids_that_a_model_came_with_are_kept() -> None:
    """A hint on a tensor that was moved is that of its origin; those of what is no operand are left."""
    hints = {"f": Grid(8, 0.031), "a": Grid(16, 0.002), "h": Grid(8, 0.7)}
    made = calibrated(GRAPH, STREAMS, hints=hints)
    assert made.stated["x"] == made.grids["f"] == hints["f"]
    assert made.stated["a"] == hints["a"]
    assert made.stated["h"].bits == 16
