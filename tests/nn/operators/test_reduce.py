"""Sums and means along axes: equal to plain integers, near the float; bad axes refused."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest

from azsim.errors import InputError
from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.reduce import Reduce
from tests.nn.operators.plain import saturate, times
from tests.nn.operators.single import agrees, float_out, graph_of, integer_out, integers_of, stages_of

RNG = np.random.default_rng(9)
SHAPE = (3, 4, 5)


@pytest.mark.parametrize("mean", [True, False])
@pytest.mark.parametrize("axes", [(0,), (1, 2), (0, 1, 2)])
def test_it_equals_plain_integers(axes: tuple[int, ...], mean: bool) -> None:
    source, target = Grid(16, 2.0**-12), Grid(16, 2.0**-8)
    values = RNG.integers(-32768, 32768, (7, *SHAPE)).astype(np.int16)
    graph = graph_of(Reduce(axes, mean), [Tensor(SHAPE)])
    found = integer_out(integers_of(graph, [source], target), [values], [2, 3])
    behind = tuple(axis + 1 for axis in axes)
    sums = values.astype(np.int64).sum(axis=behind, keepdims=True)
    terms = prod(SHAPE[axis] for axis in axes)
    factor = source.scale / target.scale / (terms if mean else 1)
    wanted = [saturate(times(int(each), factor), 16) for each in sums.ravel()]
    assert found.ravel().tolist() == wanted
    agrees(found, target, float_out(graph, [source.restore(values).astype(np.float32)]), 0.52)
    (stage,) = stages_of(graph)
    assert sum(work.elements for work in stage.vector) == prod(SHAPE) + sums[0].size


@pytest.mark.parametrize("axes", [(), (3,), (-1,), (1, 1)])
def test_bad_axes_are_refused(axes: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="axes"):
        graph_of(Reduce(axes), [Tensor(SHAPE)])
