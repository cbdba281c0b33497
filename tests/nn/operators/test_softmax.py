"""Softmax: plain integers at random rows, and shares that add up."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.softmax import Softmax
from tests.nn.operators.plain import gate, nearest, saturate, table, times
from tests.nn.operators.single import agrees, float_out, graph_of, integer_out, integers_of


@given(
    st.lists(st.integers(-32768, 32767), min_size=1, max_size=20), st.sampled_from([2.0**-11, 2.0**-9, 0.003]),
    st.sampled_from([Grid(8, 2.0**-7), Grid(16, 2.0**-15)]),
)  # fmt: skip
def test_equals_plain_integers(row, scale, target):
    graph, values = graph_of(Softmax(), [Tensor((len(row),))]), np.array([row], np.int16)
    found = integer_out(integers_of(graph, [Grid(16, scale)], target), [values])
    raised = [table("exp", gate(value - max(row), scale)) for value in row]
    shares = [nearest(each * 2**16, sum(raised)) for each in raised]
    assert found.tolist() == [[saturate(times(each, 2.0**-16 / target.scale), target.bits) for each in shares]]
    exact = float_out(graph, [Grid(16, scale).restore(values).astype(np.float32)])
    agrees(found, target, exact, 40 if target.bits == 16 else 1)


def test_rows_are_the_last_axis() -> None:
    graph, values = graph_of(Softmax(), [Tensor((2, 3))]), np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    assert np.allclose(float_out(graph, [values]).sum(axis=-1), 1)
    found = integer_out(integers_of(graph, [Grid(8, 2.0**-3)], Grid(16, 2.0**-15)), [values.astype(np.int8)])
    assert np.allclose(found.sum(axis=-1) * 2.0**-15, 1, atol=1e-3)
