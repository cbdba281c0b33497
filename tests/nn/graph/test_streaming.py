"""Operators with a memory, one behind the other: the same outputs whatever the pieces, and from any snapshot on."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.nn.graph.calibrate import calibrated
from azsim.nn.graph.executor import Executor, Model
from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.attention import Attention
from azsim.nn.operators.conv1d import Conv1d
from azsim.nn.operators.gru import Gru
from azsim.nn.operators.lstm import Lstm
from azsim.nn.operators.mean_pool import MeanPool
from azsim.nn.operators.stack import Stack
from azsim.nn.operators.statistics_pool import StatisticsPool

WIDTH, STEPS = 6, 40
RNG = np.random.default_rng(11)
INPUT = RNG.standard_normal((STEPS, WIDTH)).astype(np.float32)


def weights(*shape: int) -> np.ndarray:
    return (RNG.standard_normal(shape) / np.sqrt(shape[-1])).astype(np.float32)


ATTENTION = Node("attention", Attention(heads=2, left=5, chunk=3), ("conv",) * 3, ("attention",), {})
PARAMETERS = {
    "taps": weights(WIDTH, 3 * WIDTH),
    "lstm.input": weights(4 * WIDTH, WIDTH),
    "lstm.recurrent": weights(4 * WIDTH, WIDTH),
    "gru.input": weights(3 * WIDTH, WIDTH),
    "gru.recurrent": weights(3 * WIDTH, WIDTH),
}


def recurrent(name: str, operator: Lstm | Gru, source: str) -> Node:
    return Node(name, operator, (source,), (name,), {role: f"{name}.{role}" for role in ("input", "recurrent")})


@cache
def graph(end: str) -> Graph:
    """Convolution, bounded attention in chunks, LSTM, GRU, and one of several ends."""
    ends = {
        "stack": Node("end", Stack(2), ("gru",), ("end",), {}),
        "mean": Node("end", MeanPool(4), ("gru",), ("end",), {}),
        "statistics": Node("end", StatisticsPool(), ("gru",), ("end",), {}),
    }
    nodes = (
        Node("conv", Conv1d(taps=3, dilation=2), ("x",), ("conv",), {"weights": "taps"}),
        ATTENTION,
        recurrent("lstm", Lstm(), "attention"),
        recurrent("gru", Gru(), "lstm"),
        ends[end],
    )
    return Graph("stream", {"x": Tensor((WIDTH,))}, ("end",), nodes, PARAMETERS)


@cache
def made(end: str, granularity: str) -> tuple[Model, np.ndarray]:
    """In float, or in integers with scales of some granularity; and what it is fed."""
    if granularity == "float":
        return Model.in_float(graph(end)), INPUT
    integers = calibrated(graph(end), [{"x": INPUT}], granularity)
    return Model.in_integers(integers), integers.grids["x"].quantise(INPUT)


@pytest.mark.parametrize("granularity", ["float", "tensor", "gate", "channel"])
@pytest.mark.parametrize("end", ["stack", "mean", "statistics"])
@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, STEPS), max_size=8), back=st.integers(0, 8))
def test_any_pieces_and_any_way_back_give_the_same(end: str, granularity: str, cuts: list[int], back: int) -> None:
    model, steps = made(end, granularity)
    whole = Executor(model).push({"x": steps})["end"]
    executor, parts, kept = Executor(model), [], None
    for k, piece in enumerate(np.split(steps, sorted(cuts))):
        if k == back:
            kept = executor.snapshot(), len(parts), piece
        parts.append(executor.push({"x": piece})["end"])
    found = np.concatenate(parts)
    assert found.shape == whole.shape
    assert len(whole) > 0
    assert np.array_equal(found, whole) if granularity != "float" else np.allclose(found, whole, atol=1e-5)
    if kept is not None:
        snapshot, at, piece = kept
        executor.restore(snapshot)
        again = executor.push({"x": piece})["end"]
        assert np.array_equal(again, parts[at]) if granularity != "float" else np.allclose(again, parts[at], atol=1e-5)
