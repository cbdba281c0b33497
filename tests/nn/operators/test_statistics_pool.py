"""Mean and deviation over time, of groups and of all so far, in pieces, against plain integers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.errors import InputError
from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.statistics_pool import StatisticsPool
from tests.nn.operators.plain import nearest, root, saturate, times
from tests.nn.operators.single import agrees, float_out, graph_of, integer_out, integers_of, random_int8

SOURCE, TARGET = Grid(8, 2.0**-5), Grid(8, 0.03)


def deviation(values: list[int]) -> int:
    n, spread, doublings = len(values), len(values) * sum(x * x for x in values) - sum(values) ** 2, 0
    while 0 < spread < 2**60:
        spread, doublings = 4 * spread, doublings + 1
    return nearest(root(spread) * 2**8, n * 2**doublings)


@given(st.integers(0, 5), st.integers(0, 2**32), st.lists(st.integers(0, 5), max_size=4))
def test_equals_plain_integers(every, seed, lengths):
    graph = graph_of(StatisticsPool(every), [Tensor((3,))])
    steps = random_int8(np.random.default_rng(seed), 13, 3)
    found = integer_out(integers_of(graph, [SOURCE], TARGET), [steps], lengths)
    ends = range(1, 14) if not every else range(every, 14, every)
    assert len(found) == len(ends)
    for out, end in zip(found.tolist(), ends, strict=True):
        group = steps[0 if not every else end - every : end].astype(int).T.tolist()
        means = [nearest(sum(own) * 2**8, len(own)) for own in group]
        deviations = [deviation(own) for own in group]
        assert out == [saturate(times(x, SOURCE.scale * 2.0**-8 / TARGET.scale), 8) for x in (*means, *deviations)]
    agrees(found, TARGET, float_out(graph, [SOURCE.restore(steps).astype(np.float32)], lengths), 0.51)


def test_too_many_steps_are_refused(monkeypatch) -> None:
    monkeypatch.setattr("azsim.nn.operators.statistics_pool.MOST_STEPS", 5)
    graph = graph_of(StatisticsPool(), [Tensor((3,))])
    with pytest.raises(InputError, match=r"node node .*: statistics of more than 5 steps"):
        integer_out(integers_of(graph, [SOURCE], TARGET), [np.zeros((6, 3), np.int8)])
