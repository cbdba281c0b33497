"""LSTM layers with scales per tensor, gate and channel, in pieces, against plain integers and the float layer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.errors import InputError
from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.lstm import Lstm, cell_grid
from tests.nn.operators.plain import clamp, dot, nearest, on_grid, saturate, table, times
from tests.nn.operators.single import agrees, float_out, graph_of, integer_out, integers_of, random_int8, random_weights

SOURCE = Grid(8, 2.0**-6)


def plain(vectors, weights, bias, target: Grid, cell_bits: int) -> list[list[int]]:
    into, again = weights["input"], weights["recurrent"]
    size = again.values.shape[1]
    hidden, cell, out = [0] * size, [0] * size, []
    for vector in vectors.tolist():
        gates = []
        for r in range(4 * size):
            a = times(dot(into.values[r].tolist(), vector), SOURCE.scale * into.row_scales[r] * 2.0**11)
            b = times(dot(again.values[r].tolist(), hidden), target.scale * again.row_scales[r] * 2.0**11)
            gates.append(saturate(a + b + on_grid(float(bias[r]), 2.0**-11, 32767), 16))
        for j in range(size):
            enter, forget, output = (table("sigmoid", gates[k * size + j]) for k in (0, 1, 3))
            added = nearest(enter * table("tanh", gates[2 * size + j]), 2 ** (30 - cell_bits))
            cell[j] = saturate(nearest(forget * cell[j], 2**15) + added, 16)
            shown = output * table("tanh", saturate(nearest(cell[j] * 2048, 2**cell_bits), 16))
            hidden[j] = clamp(times(shown, 2.0**-30 / target.scale), -127, 127)
        out.append(list(hidden))
    return out


@given(
    st.integers(1, 5), st.integers(1, 12), st.sampled_from(["tensor", "gate", "channel"]), st.integers(8, 14),
    st.sampled_from([2.0**-7, 0.0061, 2.0**-8]), st.integers(0, 2**32), st.lists(st.integers(0, 3), max_size=3),
)  # fmt: skip
def test_equals_plain_integers(units, columns, scales, cell_bits, hidden_scale, seed, lengths):
    rng = np.random.default_rng(seed)
    groups = {"tensor": 1, "gate": 4, "channel": 4 * units}[scales]
    weights = {"input": random_weights(rng, 4 * units, columns, groups)}
    weights["recurrent"] = random_weights(rng, 4 * units, units, groups)
    bias = rng.normal(0, 0.5, 4 * units).astype(np.float32)
    parameters = {role: (each.values * each.row_scales[:, None]).astype(np.float32) for role, each in weights.items()}
    graph = graph_of(Lstm(), [Tensor((columns,))], {**parameters, "bias": bias})
    target, vectors = Grid(8, hidden_scale), random_int8(rng, 7, columns)
    integers = integers_of(graph, [SOURCE], target, weights, {"cell": Grid(16, 2.0**-cell_bits)})
    found = integer_out(integers, [vectors], lengths)
    assert found.tolist() == plain(vectors, weights, bias, target, cell_bits)


def test_integers_are_near_the_float_layer() -> None:
    rng = np.random.default_rng(3)
    weights = {"input": random_weights(rng, 32, 20, 4), "recurrent": random_weights(rng, 32, 8, 4)}
    parameters = {role: (each.values * each.row_scales[:, None]).astype(np.float32) for role, each in weights.items()}
    parameters["bias"] = rng.normal(0, 0.5, 32).astype(np.float32)
    graph, vectors, target = graph_of(Lstm(), [Tensor((20,))], parameters), random_int8(rng, 60, 20), Grid(8, 2.0**-7)
    integers = integers_of(graph, [SOURCE], target, weights, {"cell": Grid(16, 2.0**-11)})
    exact = float_out(graph, [SOURCE.restore(vectors).astype(np.float32)])
    agrees(integer_out(integers, [vectors]), target, exact, 3)


def test_the_grid_of_a_cell_state_is_the_finest_power_of_two_that_reaches_it() -> None:
    assert [cell_grid(largest).scale for largest in (0.5, 2.0, 2.1, 15.9, 1e9)] == [
        2.0**-14, 2.0**-14, 2.0**-13, 2.0**-11, 2.0**-1,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ({"input": (8, 3), "recurrent": (8, 3)}, "recurrent 8x3: must have four rows for each column"),
        ({"input": (8, 2), "recurrent": (8, 2)}, r"input matrix of shape \(8, 2\): must be \(8, 3\) for input 3"),
        ({"input": (8, 3), "recurrent": (8, 2), "bias": (4,)}, r"bias of shape \(4,\): must be \(8,\)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(shapes, message) -> None:
    with pytest.raises(InputError, match=message):
        graph_of(Lstm(), [Tensor((3,))], {role: np.ones(shape, np.float32) for role, shape in shapes.items()})
