"""Operators that only move values: NumPy's own, step by step, on the same grid."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.errors import InputError
from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.pad import Pad
from azsim.nn.operators.reshape import Reshape
from azsim.nn.operators.slice import Slice
from azsim.nn.operators.transpose import Transpose
from tests.nn.operators.single import float_out, graph_of, integer_out, integers_of, random_int8

GRID = Grid(8, 0.1)
CASES = [
    (Reshape((4, 3)), lambda x: x.reshape(4, 3)),
    (Transpose((1, 0)), lambda x: x.T),
    (Slice(1, 1, 2), lambda x: x[:, 1:3]),
    (Slice(-1, 5, 3, -2), lambda x: x[:, 5::-2]),
    (Slice(0, 1, 2, -1), lambda x: x[::-1]),
    (Pad((1, 0), (0, 2)), lambda x: np.pad(x, ((1, 0), (0, 2)))),
    (Pad((1, 3), (1, 2), "reflect"), lambda x: np.pad(x, ((1, 1), (3, 2)), "reflect")),
    (Pad((0, 3), (2, 2), "edge"), lambda x: np.pad(x, ((0, 2), (3, 2)), "edge")),
]


@pytest.mark.parametrize(("operator", "wanted"), CASES, ids=lambda each: getattr(each, "kind", ""))
def test_each_step_is_moved_alone(operator, wanted) -> None:
    graph, values = graph_of(operator, [Tensor((2, 6))]), random_int8(np.random.default_rng(1), 5, 2, 6)
    expected = np.stack([wanted(step) for step in values])
    integers = integers_of(graph, [GRID], None)
    assert integers.grids["out"] == GRID
    found = integer_out(integers, [values], [0, 2])
    assert found.dtype == np.int8
    assert np.array_equal(found, expected)
    assert np.array_equal(float_out(graph, [values.astype(np.float32)]), expected)


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        (Reshape((5,)), r"shape \(5,\): does not hold what \(2, 6\) holds"),
        (Transpose((0, 2)), r"order \(0, 2\): must name the axes of \(2, 6\)"),
        (Slice(1, 4, 3), "3 elements from 4 by 1: axis 1 has 6"),
        (Slice(2, 0, 1), "axis 2: there are 2"),
        (Pad((0,), (0,)), "must name the axes"),
        (Pad((0, 0), (0, -1)), "must not be negative"),
        (Pad((2, 0), (0, 0), "reflect"), "reflect: longer than an axis of 2"),
    ],
)
def test_what_does_not_fit_is_refused(operator, message) -> None:
    with pytest.raises(InputError, match=message):
        graph_of(operator, [Tensor((2, 6))])
