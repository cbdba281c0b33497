"""A graph on a device: outputs of its bits, costs that add up, layers, energy and time of played inferences."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import msgspec
import numpy as np
import pytest

from azsim.chip.build import tile_layout
from azsim.compress import compress
from azsim.deploy.inference import Inference
from azsim.devices import load_device
from azsim.errors import InputError
from azsim.nn.graph.calibrate import calibrated, rounded
from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.run import run_float, run_integers, snr_db
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.conv1d import Conv1d
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.lstm import Lstm
from azsim.nn.operators.matmul import Matmul
from azsim.nn.operators.reshape import Reshape
from azsim.nn.operators.softmax import Softmax
from tests.conftest import random_network

RNG = np.random.default_rng(11)
SHAPES = {"conv": (64, 72), "in": (128, 64), "again": (128, 32), "out": (10, 32)}
NODES = (
    Node("conv", Conv1d(3, stride=2), ("x",), ("c",), {"weights": "conv"}),
    Node("lstm", Lstm(), ("c",), ("h",), {"input": "in", "recurrent": "again"}),
    Node("row", Reshape((8, 4)), ("h",), ("r",)),
    Node("column", Reshape((4, 8)), ("h",), ("k",)),
    Node("both", Matmul(), ("r", "k"), ("b",)),
    Node("out", Dense(), ("h",), ("o",), {"weights": "out"}),
    Node("shares", Softmax(), ("o",), ("y",)),
)
INPUT = {"x": RNG.normal(0, 1, (80, 24)).astype(np.float32)}


@cache
def network() -> GraphNetwork:
    parameters = {name: RNG.normal(0, 0.2, shape).astype(np.float32) for name, shape in SHAPES.items()}
    graph = Graph("small", {"x": Tensor((24,))}, ("y", "b"), NODES, parameters)
    return GraphNetwork(graph, "drawn", 100.0, calibrated(graph, [INPUT]).stated)


def inference(device: str = "az1", every_ms: float = 10.0, **choice: object) -> Inference:
    found = load_device(device)
    small = compress(network(), layout=tile_layout(found.chip), **{"codec": "zvsv", **choice})
    return Inference(found, small, every_ms)


def test_outputs_come_from_the_decoded_bits() -> None:
    found = inference(weight_bits=8, granularity="channel")
    exact = run_float(network().graph, INPUT)
    outputs = found.outputs(INPUT)
    again = run_integers(network().integers(found.small.integer_weights), INPUT)
    assert np.array_equal(outputs["y"], again["y"])
    assert snr_db(exact["y"], outputs["y"]) > 25
    coarse = inference(weight_bits=2, granularity="channel").outputs(INPUT)
    assert snr_db(exact["y"], coarse["y"]) < snr_db(exact["y"], outputs["y"]) - 5


@pytest.mark.parametrize("device", ["az1", "az2", "ethos-u65-like"])
def test_costs_add_up(device: str) -> None:
    found = inference(device, weight_bits=4, sparsity=0.5)
    assert found.cost.cycles == pytest.approx(sum(found.cost.causes.values()))
    assert found.runs == {"small.0": 0.5}
    assert {layer.layer for layer in found.layers} >= {"conv", "out", "both"}
    products = 0.5 * (sum(rows * columns for rows, columns in SHAPES.values()) + 8 * 4 * 8)
    assert found.products == pytest.approx(products)
    assert 0.5 < found.on_chip_share <= 1
    assert found.time_ms > 0
    assert found.real_time_share == pytest.approx(found.time_ms / 10.0)
    assert found.energy_mj == pytest.approx(sum(found.energy_by_part_mj.values()))
    assert found.energy_mj > 0


def test_played_inferences_take_at_least_the_cycles_of_the_chip() -> None:
    found = inference(weight_bits=4)
    alone_ms = found.deployed.costs["small.0"].cycles / found.device.chip.clock_mhz / 1000
    played = found.times_ms[found.times_ms > 0]
    assert (played >= alone_ms * 0.999).all()


def test_fewer_bits_travel_in_fewer_bytes() -> None:
    pinned = dict.fromkeys(SHAPES, "streamed")
    wide, narrow = (replace(inference(weight_bits=bits, codec="packed"), residency=pinned) for bits in (8, 4))
    assert narrow.cost.fetch_bytes < 0.6 * wide.cost.fetch_bytes
    assert sum(layer.fetch_bytes for layer in wide.layers) == pytest.approx(2 * wide.cost.fetch_bytes, rel=0.01)


def test_integers_that_a_network_came_with_stay() -> None:
    weights = {name: rounded(network().parameters[name], 1) for name in ("conv", "out")}
    came = replace(network(), quantised=weights)
    small = compress(came, codec="huffman")
    for name, each in weights.items():
        assert np.array_equal(small.decoded[name], each.values)
        assert small.matrices[name].scales == tuple(each.scales)
    assert not np.array_equal(compress(came, codec="huffman", weight_bits=5).decoded["conv"], weights["conv"].values)


def test_what_is_no_calibrated_graph_is_refused() -> None:
    chip = load_device("az1")
    recogniser = compress(random_network(3), codec="raw")
    with pytest.raises(InputError, match="is a recogniser"):
        Inference(chip, recogniser, 10.0)
    with pytest.raises(InputError, match="every_ms"):
        inference(every_ms=0.0)
    bare = compress(replace(network(), grids={}), codec="raw", layout=tile_layout(chip.chip))
    with pytest.raises(InputError, match="no grids"):
        Inference(chip, bare, 10.0).outputs(INPUT)


@pytest.mark.parametrize("skip", ["activations", "both"])
def test_a_chip_that_skips_zero_activations_is_given_none(skip: str) -> None:
    """What an inference takes there is what it takes where zero activations are multiplied: an upper bound."""
    found = inference(weight_bits=4, sparsity=0.5)
    lanes = {one: msgspec.structs.replace(found.device.chip.lanes, skip=one) for one in (skip, "none", "weights")}
    chips = {one: msgspec.structs.replace(found.device.chip, lanes=spec) for one, spec in lanes.items()}
    times = {
        one: replace(found, device=msgspec.structs.replace(found.device, chip=chip)) for one, chip in chips.items()
    }
    same = times["weights" if skip == "both" else "none"]
    assert times[skip].cost == same.cost
    assert times[skip].time_ms == same.time_ms
