"""Grids from real inputs: the right bits for each tensor, integers near the float graph at every granularity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.errors import InputError
from azsim.nn.graph.calibrate import SizeHistogram, calibrated, rounded
from azsim.nn.graph.executor import Executor, Model
from azsim.nn.graph.graph import Carried, Graph, Node
from azsim.nn.graph.tensor import GATE_GRID, Tensor
from azsim.nn.operators.add import Add
from azsim.nn.operators.attention import Attention
from azsim.nn.operators.conv1d import Conv1d
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.gelu import Gelu
from azsim.nn.operators.gru import Gru
from azsim.nn.operators.layer_norm import LayerNorm
from azsim.nn.operators.lstm import Lstm
from azsim.nn.operators.reshape import Reshape
from azsim.nn.operators.tanh import Tanh

RNG = np.random.default_rng(9)
D = 16


def matrix(rows: int, columns: int) -> np.ndarray:
    """Rows of very different size, as a scale for the whole matrix does not suit them."""
    return (RNG.normal(0, 1, (rows, columns)) / np.sqrt(columns) * RNG.uniform(0.2, 1.5, (rows, 1))).astype(np.float32)


def layer(name: str, operator, source: str, shape: tuple[int, int], parameters: dict, target: str = "") -> Node:
    parameters |= {f"{name}.w": matrix(*shape), f"{name}.b": RNG.normal(0, 0.2, shape[0]).astype(np.float32)}
    return Node(name, operator, (source,), (target or name,), {"weights": f"{name}.w", "bias": f"{name}.b"})


def network() -> Graph:
    """A convolution, a block of attention with its feed-forward part, recurrent layers, a loop."""
    p: dict[str, np.ndarray] = {}
    nodes = [
        layer("conv", Conv1d(3, stride=2), "x", (D, 3 * 8), p),
        Node("norm", LayerNorm(), ("conv",), ("normal",)),
        *(layer(name, Dense(), "normal", (D, D), p) for name in "qkv"),
        Node("attend", Attention(4, left=5), ("q", "k", "v"), ("mixed",)),
        layer("out", Dense(), "mixed", (D, D), p),
        Node("residual", Add(), ("conv", "out"), ("stream",)),
        Node("norm2", LayerNorm(), ("stream",), ("normal2",)),
        layer("wide", Dense(), "normal2", (2 * D, D), p),
        Node("gelu", Gelu(), ("wide",), ("active",)),
        layer("narrow", Dense(), "active", (D, 2 * D), p),
        Node("residual2", Add(), ("stream", "narrow"), ("stream2",)),
        Node("flat", Reshape((D,)), ("stream2",), ("flat",)),
        Node("lstm", Lstm(), ("flat",), ("lstm",), {"input": "i", "recurrent": "r", "bias": "b"}),
        Node("gru", Gru(), ("lstm",), ("gru",), {"input": "gi", "recurrent": "gr"}),
        Node("loop", Dense(), ("before",), ("kept",), {"weights": "loop"}),
        Node("now", Add(), ("gru", "kept"), ("now",)),
        layer("last", Dense(), "now", (5, D), p),
        Node("tanh", Tanh(), ("last",), ("y",)),
    ]
    p |= {"i": matrix(4 * D, D), "r": matrix(4 * D, D), "b": RNG.normal(0, 0.3, 4 * D).astype(np.float32)}
    p |= {"gi": matrix(3 * D, D), "gr": matrix(3 * D, D), "loop": 0.5 * matrix(D, D)}
    carried = (Carried("before", "now", Tensor((D,)).slower(2)),)
    return Graph("net", {"x": Tensor((8,))}, ("y", "stream2"), tuple(nodes), p, carried)


GRAPH = network()
STREAMS = [{"x": RNG.normal(0, 1, (60, 8)).astype(np.float32)} for _ in range(4)]


def test_each_tensor_has_the_bits_that_its_readers_need() -> None:
    grids = calibrated(GRAPH, STREAMS).grids
    bits = {name: grid.bits for name, grid in grids.items()}
    operands = ("x", "normal", *"qkv", "mixed", "normal2", "active", "stream2", "flat", "lstm", "gru", "now", "before")
    assert {name: bits[name] for name in operands} == dict.fromkeys(operands, 8)
    assert [bits[name] for name in ("conv", "out", "stream", "wide", "kept")] == [16] * 5
    assert grids["last"] == GATE_GRID
    assert grids["before"] == grids["now"]


@pytest.mark.parametrize(("granularity", "least_db"), [("tensor", 20), ("gate", 20), ("channel", 22)])
def test_integers_are_near_the_float_graph(granularity, least_db: float) -> None:
    integers = calibrated(GRAPH, STREAMS, granularity)
    groups = {name: weights.scales.size for name, weights in integers.weights.items()}
    assert groups["i"] == {"tensor": 1, "gate": 4, "channel": 4 * D}[granularity]
    assert groups["gi"] == {"tensor": 1, "gate": 3, "channel": 3 * D}[granularity]
    steps = STREAMS[0]["x"]
    wanted = Executor(Model.in_float(GRAPH)).push({"x": steps})
    found = Executor(Model.in_integers(integers)).push({"x": integers.grids["x"].quantise(steps)})
    for name in GRAPH.outputs:
        error = integers.grids[name].restore(found[name]) - wanted[name]
        assert 10 * np.log10((wanted[name] ** 2).mean() / (error**2).mean()) > least_db, name


def test_pieces_of_a_stream_calibrate_as_the_whole() -> None:
    cut = [({"x": part} for part in np.split(stream["x"], [3, 20])) for stream in STREAMS]
    assert calibrated(GRAPH, cut).stated == calibrated(GRAPH, STREAMS).stated


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=40))
def test_the_hundredth_percentile_is_the_largest_rounded_up(values) -> None:
    sizes, largest = SizeHistogram(), max(map(abs, values))
    sizes.add(np.array(values))
    assert sizes.percentile(100) == 0 if largest < 2.0**-60 else largest <= sizes.percentile(100) * (1 + 1e-12)
    assert sizes.percentile(100) <= 1.011 * max(largest, 2.0**-60)


def test_the_largest_of_each_group_of_rows_is_127() -> None:
    values = np.array([[1.0, -2.0], [0.5, 0.25], [0.0, 0.0], [0.0, 0.0]])
    made = rounded(values, 2)
    assert made.values.tolist() == [[64, -127], [32, 16], [0, 0], [0, 0]]
    assert made.scales.tolist() == [2 / 127, 1.0]


def test_values_that_are_no_numbers_are_named() -> None:
    with pytest.raises(InputError, match="graph net: tensor x: holds values that are not finite numbers"):
        calibrated(GRAPH, [{"x": np.full((3, 8), np.nan, np.float32)}])
    with pytest.raises(InputError, match="graph net: nothing to calibrate with"):
        calibrated(GRAPH, [])
