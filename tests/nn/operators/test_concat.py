"""Concat: along any axis, each part on the output's grid."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.errors import InputError
from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.concat import Concat
from tests.nn.operators.plain import saturate, times
from tests.nn.operators.single import float_out, graph_of, integer_out, integers_of, random_int8

ONE, OTHER = Grid(8, 2.0**-5), Grid(8, 0.02)


CASES = [(0, [(2, 3), (1, 3)]), (-1, [(2, 3), (2, 1), (2, 2)]), (1, [(2, 3), (2, 1)])]


@pytest.mark.parametrize(("axis", "shapes"), CASES)
def test_parts_lie_one_after_another(axis: int, shapes: list[tuple[int, ...]]) -> None:
    graph = graph_of(Concat(axis), [Tensor(shape) for shape in shapes])
    parts = [random_int8(np.random.default_rng(1), 4, *shape) for shape in shapes]
    wanted = np.concatenate(parts, axis=axis if axis < 0 else axis + 1)
    assert np.array_equal(float_out(graph, [part.astype(np.float32) for part in parts], [1]), wanted)
    integers = integers_of(graph, [ONE] * len(shapes), None)
    assert integers.grids["out"] == ONE
    assert np.array_equal(integer_out(integers, parts, [3]), wanted)


def test_parts_on_other_grids_are_requantised() -> None:
    graph, (a, b) = graph_of(Concat(), [Tensor((2,)), Tensor((1,))]), np.array([[[5, -9]], [[100, -127]]], np.int8)
    found = integer_out(integers_of(graph, [ONE, OTHER], Grid(8, 0.03)), [a, b[:, :1]])
    wanted = [times(5, ONE.scale / 0.03), times(-9, ONE.scale / 0.03), saturate(times(100, OTHER.scale / 0.03), 8)]
    assert found.tolist() == [wanted]
    with pytest.raises(InputError, match="output 0: a scale is missing"):
        integers_of(graph, [ONE, OTHER], None)


@pytest.mark.parametrize(
    ("axis", "shapes", "message"),
    [(2, [(2, 3)] * 2, "axis 2: 2x3 has 2"), (0, [(2, 3), (2, 4)], "2x3 and 2x4: must be alike but for axis 0")],
)
def test_what_does_not_fit_is_refused(axis, shapes, message) -> None:
    with pytest.raises(InputError, match=message):
        graph_of(Concat(axis), [Tensor(shape) for shape in shapes])
