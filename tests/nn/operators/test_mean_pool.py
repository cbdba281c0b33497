"""Means over time, of groups and of all so far, in pieces, against plain integers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.mean_pool import MeanPool
from tests.nn.operators.plain import nearest, saturate, times
from tests.nn.operators.single import agrees, float_out, graph_of, integer_out, integers_of, random_int8

SOURCE, TARGET = Grid(8, 2.0**-5), Grid(8, 0.02)


@given(st.integers(0, 5), st.integers(0, 2**32), st.lists(st.integers(0, 5), max_size=4))
def test_equals_plain_integers(every, seed, lengths):
    graph = graph_of(MeanPool(every), [Tensor((2, 2))])
    steps = random_int8(np.random.default_rng(seed), 13, 2, 2)
    found = integer_out(integers_of(graph, [SOURCE], TARGET), [steps], lengths)
    ends = range(1, 14) if not every else range(every, 14, every)
    assert len(found) == len(ends)
    assert graph.tensors["out"].period == max(every, 1)
    for out, end in zip(found, ends, strict=True):
        group = steps[0 if not every else end - every : end].astype(int)
        means = [nearest(int(total) * 2**8, len(group)) for total in group.sum(axis=0).ravel()]
        wanted = [saturate(times(mean, SOURCE.scale * 2.0**-8 / TARGET.scale), 8) for mean in means]
        assert out.ravel().tolist() == wanted
    agrees(found, TARGET, float_out(graph, [SOURCE.restore(steps).astype(np.float32)], lengths), 0.51)
