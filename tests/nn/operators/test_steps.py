"""Operators that change how often values come: stack, unstack, the last of several; and the threshold."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.errors import InputError
from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.last_of import LastOf
from azsim.nn.operators.stack import Stack
from azsim.nn.operators.threshold import Threshold
from azsim.nn.operators.unstack import Unstack
from tests.nn.operators.single import float_out, graph_of, integer_out, integers_of, random_int8

GRID = Grid(8, 2.0**-5)
LENGTHS = st.lists(st.integers(0, 5), max_size=4)


@given(st.integers(1, 4), st.booleans(), LENGTHS)
def test_stack_joins_whole_groups(count, joined, lengths):
    graph, steps = graph_of(Stack(count, joined), [Tensor((2, 3))]), random_int8(np.random.default_rng(1), 11, 2, 3)
    found = integer_out(integers_of(graph, [GRID], None), [steps], lengths)
    whole = 11 // count
    shape = (2 * count, 3) if joined else (count, 2, 3)
    assert graph.tensors["out"] == Tensor(shape).slower(count)
    assert np.array_equal(found, steps[: whole * count].reshape(whole, *shape))
    assert found.dtype == np.int8


@given(st.integers(1, 4), LENGTHS)
def test_last_of_keeps_one(count, lengths):
    graph, steps = graph_of(LastOf(count), [Tensor((2,))]), random_int8(np.random.default_rng(1), 11, 2)
    assert np.array_equal(integer_out(integers_of(graph, [GRID], None), [steps], lengths), steps[count - 1 :: count])


@given(LENGTHS)
def test_unstack_undoes_stack(lengths):
    graph, steps = graph_of(Unstack(), [Tensor((3, 2))]), random_int8(np.random.default_rng(1), 5, 3, 2)
    assert graph.tensors["out"] == Tensor((2,), Fraction(1, 3))
    assert np.array_equal(integer_out(integers_of(graph, [GRID], None), [steps], lengths), steps.reshape(15, 2))


@pytest.mark.parametrize("limit", [0.0, 1.0, -0.5])
def test_threshold_compares_on_the_grid(limit: float) -> None:
    graph, values = graph_of(Threshold(limit), [Tensor((1,))]), np.arange(-127, 128, dtype=np.int8)[:, None]
    found = integer_out(integers_of(graph, [GRID], None), [values])
    assert found.dtype == np.bool_
    assert np.array_equal(found, GRID.restore(values)[:, 0] > limit)
    assert np.array_equal(found, float_out(graph, [GRID.restore(values).astype(np.float32)]))


@pytest.mark.parametrize("operator", [Stack(0), LastOf(0)])
def test_no_steps_are_refused(operator) -> None:
    with pytest.raises(InputError, match="steps = 0: must be at least 1"):
        graph_of(operator, [Tensor((2,))])
