"""Roots and sizes of complex numbers: equal to plain integers, near the float."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.nn.graph.root import root
from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.magnitude import Magnitude
from azsim.nn.operators.sqrt import Sqrt
from tests.nn.operators.plain import times
from tests.nn.operators.single import agrees, float_out, graph_of, integer_out, integers_of

RNG = np.random.default_rng(6)


@given(st.integers(0, 2**32))
def test_root_is_the_integer_root(value: int) -> None:
    assert root(value) == math.isqrt(value << 30)


@pytest.mark.parametrize("target", [Grid(8, 0.05), Grid(16, 2.0**-10)])
def test_square_root_equals_plain_integers(target: Grid) -> None:
    source = Grid(16, 2.0**-9)
    values = np.concatenate([[-32768, -1, 0, 1, 2, 3, 32767], RNG.integers(-100, 32767, 200)]).astype(np.int16)[:, None]
    graph = graph_of(Sqrt(), [Tensor((1,))])
    found = integer_out(integers_of(graph, [source], target), [values], [50])
    for value, (out,) in zip(values[:, 0].tolist(), found.tolist(), strict=True):
        exact = math.isqrt(max(value, 0) << 30)
        assert out == min(times(exact, source.scale**0.5 * 2.0**-15 / target.scale), target.limit)
    positive = values[:, 0] >= 0
    exact = float_out(graph, [source.restore(values[positive]).astype(np.float32)])
    agrees(found[positive], target, exact, 0.51)


@pytest.mark.parametrize("scales", [(0.01, 0.01), (0.01, 0.003), (0.003, 0.01)])
def test_magnitude_equals_plain_integers(scales: tuple[float, float]) -> None:
    grids, target = [Grid(16, scale) for scale in scales], Grid(16, 0.01)
    parts = [RNG.integers(-32768, 32768, (200, 2)).astype(np.int16) for _ in grids]
    graph = graph_of(Magnitude(), [Tensor((2,)), Tensor((2,))])
    found = integer_out(integers_of(graph, grids, target), parts, [20])
    coarse = max(scales)
    for a, b, out in zip(*(each.ravel().tolist() for each in (*parts, found)), strict=True):
        powers = [value**2 if scale == coarse else times(value**2, (scale / coarse) ** 2) for value, scale in
                  zip((a, b), scales)]  # fmt: skip
        assert out == min(times(math.isqrt(sum(powers) << 30), coarse * 2.0**-15 / target.scale), target.limit)
    exact = float_out(graph, [grid.restore(part).astype(np.float32) for grid, part in zip(grids, parts)])
    agrees(found, target, exact, 1.0)
