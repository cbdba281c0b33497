"""Multiply: two tensors, or one and a parameter, broadcast, against plain integers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.multiply import Multiply
from tests.nn.operators.plain import on_grid, saturate, times
from tests.nn.operators.single import float_out, graph_of, integer_out, integers_of, random_int8

FIRST, SECOND = Grid(8, 2.0**-5), Grid(8, 0.02)


@given(st.sampled_from([(2, 3), (3,), (2, 1), (1,)]), st.sampled_from([8, 16]), st.integers(0, 2**32))
def test_two_tensors_equal_plain_integers(shape, bits, seed):
    rng, target = np.random.default_rng(seed), Grid(bits, 0.05 if bits == 8 else 2.0**-12)
    graph = graph_of(Multiply(), [Tensor((2, 3)), Tensor(shape)])
    left, right = random_int8(rng, 4, 2, 3), random_int8(rng, 4, *shape)
    found = integer_out(integers_of(graph, [FIRST, SECOND], target), [left, right], [1])
    padded = right.reshape(4, *(1,) * (2 - len(shape)), *shape)
    for out, a, b in zip(found.ravel(), left.ravel(), np.broadcast_to(padded, (4, 2, 3)).ravel(), strict=True):
        assert out == saturate(times(int(a) * int(b), FIRST.scale * SECOND.scale / target.scale), bits)
    assert np.allclose(float_out(graph, [left.astype(np.float32), right.astype(np.float32)]), left * 1.0 * padded)


@pytest.mark.parametrize("shape", [(2, 3), (3,), (2, 1)])
def test_a_parameter_is_int16_at_full_size(shape: tuple[int, ...]) -> None:
    rng, target = np.random.default_rng(1), Grid(8, 0.05)
    other = rng.normal(0, 1, shape).astype(np.float32)
    graph, left = graph_of(Multiply(), [Tensor((2, 3))], {"other": other}), random_int8(rng, 4, 2, 3)
    found = integer_out(integers_of(graph, [FIRST], target), [left])
    step = float(np.abs(other).max()) / 32767
    own = np.broadcast_to(other, (4, 2, 3)).ravel().tolist()
    for out, a, b in zip(found.ravel(), left.ravel(), own, strict=True):
        assert out == saturate(times(int(a) * on_grid(b, step, 32767), FIRST.scale * step / target.scale), 8)
    assert np.allclose(float_out(graph, [left.astype(np.float32)]), left * other)
