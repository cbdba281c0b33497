"""Streaming attention: any heads, past, chunk and pieces, against plain integers and against attention at one go."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.errors import InputError
from azsim.nn.graph.executor import Executor, Model
from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.attention import Attention
from tests.nn.operators.plain import clamp, dot, nearest, on_grid, saturate, table, times
from tests.nn.operators.single import agrees, float_out, graph_of, integer_out, integers_of, random_int8, stages_of

QUERIES, KEYS, VALUES, TARGET = Grid(8, 0.05), Grid(8, 0.04), Grid(8, 0.02), Grid(8, 0.017)


def plain(queries, keys, values, operator: Attention, position) -> list[list[int]]:
    size, width = queries.shape[1] // operator.heads, values.shape[1] // operator.heads
    out = []
    for t in range(len(queries) - len(queries) % operator.chunk):
        start = t // operator.chunk * operator.chunk
        seen, line = range(max(0, start - operator.left), start + operator.chunk), []
        for head in range(operator.heads):
            own = slice(head * size, (head + 1) * size)
            scores = []
            for j in seen:
                score = times(
                    dot(queries[t, own].tolist(), keys[j, own].tolist()),
                    QUERIES.scale * KEYS.scale / math.sqrt(size) * 2.0**11,
                )
                if position is not None:
                    score += on_grid(float(position[head, t - j + operator.chunk - 1]), 2.0**-11, 32767)
                scores.append(score)
            raised = [table("exp", saturate(each - max(scores), 16)) for each in scores]
            counts = [clamp(nearest(each, 2**8), 0, 127) for each in raised]
            for d in range(head * width, (head + 1) * width):
                mixed = nearest(dot(counts, values[seen.start : seen.stop, d].tolist()) * 2**8, sum(counts))
                line.append(saturate(times(mixed, VALUES.scale * 2.0**-8 / TARGET.scale), 8))
        out.append(line)
    return out


@given(
    st.integers(1, 3), st.integers(1, 4), st.integers(1, 3), st.integers(0, 6), st.integers(1, 4), st.booleans(),
    st.integers(0, 2**32), st.lists(st.integers(0, 5), max_size=4),
)  # fmt: skip
def test_equals_plain_integers(heads, size, width, left, chunk, has_position, seed, lengths):
    rng, operator = np.random.default_rng(seed), Attention(heads, left, chunk)
    tensors = [Tensor((heads * size,)), Tensor((heads * size,)), Tensor((heads * width,))]
    position = rng.normal(0, 1, (heads, left + 2 * chunk - 1)).astype(np.float32) if has_position else None
    graph = graph_of(operator, tensors, {} if position is None else {"position": position})
    arrays = [random_int8(rng, 11, tensor.size) for tensor in tensors]
    found = integer_out(integers_of(graph, [QUERIES, KEYS, VALUES], TARGET), arrays, lengths)
    assert found.tolist() == plain(*arrays, operator, position)


def test_integers_are_near_the_float_reference() -> None:
    rng, graph = np.random.default_rng(3), graph_of(Attention(2, 20, 4), [Tensor((16,))] * 3)
    arrays, grids = [random_int8(rng, 60, 16) for _ in range(3)], (QUERIES, KEYS, VALUES)
    floats = [grid.restore(each).astype(np.float32) for each, grid in zip(arrays, grids, strict=True)]
    agrees(integer_out(integers_of(graph, grids, TARGET), arrays), TARGET, float_out(graph, floats), 2)


@given(st.integers(0, 5), st.integers(1, 4), st.lists(st.integers(0, 5), max_size=4), st.integers(0, 2**32))
def test_the_float_reference_is_masked_attention_at_one_go(left, chunk, lengths, seed):
    rng, count = np.random.default_rng(seed), 12 // chunk * chunk
    queries, keys, values = (rng.normal(0, 1, (count, 6)).astype(np.float32) for _ in range(3))
    found = float_out(graph_of(Attention(2, left, chunk), [Tensor((6,))] * 3), [queries, keys, values], lengths)
    start = np.arange(count) // chunk * chunk
    j = np.arange(count)
    seen = (j[None] >= start[:, None] - left) & (j[None] < start[:, None] + chunk)
    for head in (slice(0, 3), slice(3, 6)):
        scores = np.where(seen, queries[:, head] @ keys[:, head].T / math.sqrt(3), -np.inf)
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        wanted = shares / shares.sum(axis=1, keepdims=True) @ values[:, head]
        assert np.allclose(found[:, head], wanted, atol=1e-5)


def test_the_past_that_is_kept_is_bounded() -> None:
    executor = Executor(Model.in_float(graph_of(Attention(2, 5, 3), [Tensor((6,))] * 3)))
    sizes = set()
    for _ in range(20):
        executor.push({f"in{i}": np.ones((4, 6), np.float32) for i in range(3)})
        sizes.add(executor.snapshot().size_bytes)
    assert max(sizes) <= 4 * 6 * (2 * 5 + 3 * 2)


def test_the_lanes_take_keys_and_values_from_their_memory() -> None:
    stages = stages_of(graph_of(Attention(2, 5, 3), [Tensor((8,)), Tensor((8,)), Tensor((4,))]))
    (scores,), (mixed,) = (stage.lane_products for stage in stages)
    assert (scores.products, scores.operand_bytes, scores.cache_bytes, scores.write_bytes) == (8 * 8, 8 * 8, 5 * 8, 8)
    assert (mixed.products, mixed.operand_bytes, mixed.cache_bytes, mixed.write_bytes) == (4 * 8, 8 * 4, 5 * 4, 4)
    assert [stage.uses for stage in stages] == [(), ()]
    assert {work.function for stage in stages for work in stage.vector} == {
        "multiply-add", "compare", "exp", "divide",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("operator", "message"),
    [(Attention(4, 2), "heads 4: must divide 6 and 6"), (Attention(2, -1), "left at least 0")],
)
def test_what_does_not_fit_is_refused(operator, message) -> None:
    with pytest.raises(InputError, match=message):
        graph_of(operator, [Tensor((6,))] * 3)
