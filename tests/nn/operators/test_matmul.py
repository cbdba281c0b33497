"""Products of activations with activations, against plain integers; the lanes do them without weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.errors import InputError
from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.matmul import Matmul
from azsim.nn.program import LaneProduct
from tests.nn.operators.plain import dot, saturate, times
from tests.nn.operators.single import agrees, float_out, graph_of, integer_out, integers_of, random_int8, stages_of

FIRST, SECOND, TARGET = Grid(8, 2.0**-5), Grid(8, 0.02), Grid(16, 2.0**-8)


@given(st.integers(1, 4), st.integers(1, 9), st.integers(1, 4), st.sampled_from([(), (2,)]), st.integers(0, 2**32))
def test_equals_plain_integers(rows, inner, columns, heads, seed):
    rng = np.random.default_rng(seed)
    graph = graph_of(Matmul(0.5), [Tensor((*heads, rows, inner)), Tensor((*heads, inner, columns))])
    left, right = random_int8(rng, 3, *heads, rows, inner), random_int8(rng, 3, *heads, inner, columns)
    found = integer_out(integers_of(graph, [FIRST, SECOND], TARGET), [left, right], [1, 0])
    lefts, rights = left.reshape(-1, rows, inner).tolist(), right.reshape(-1, inner, columns).tolist()
    for own, a, b in zip(found.reshape(-1, rows, columns).tolist(), lefts, rights, strict=True):
        sums = [[dot(row, column) for column in zip(*b, strict=True)] for row in a]
        factor = 0.5 * FIRST.scale * SECOND.scale / TARGET.scale
        assert own == [[saturate(times(total, factor), 16) for total in row] for row in sums]
    floats = [FIRST.restore(left).astype(np.float32), SECOND.restore(right).astype(np.float32)]
    agrees(found, TARGET, float_out(graph, floats), 0.6)


def test_the_second_operand_stands_where_weights_do() -> None:
    (stage,) = stages_of(graph_of(Matmul(), [Tensor((2, 3, 4)), Tensor((2, 4, 5))]))
    assert stage.uses == ()
    assert stage.lane_products == (LaneProduct(rows=2 * 5, columns=4, vectors=3, operand="ready"),)
    assert stage.lane_products[0].products == 2 * 3 * 4 * 5


def test_shapes_that_do_not_multiply_are_refused() -> None:
    with pytest.raises(InputError, match="2x3 and 4x2: do not multiply"):
        graph_of(Matmul(), [Tensor((2, 3)), Tensor((4, 2))])
