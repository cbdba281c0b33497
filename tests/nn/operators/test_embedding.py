"""Embeddings: the int8 rows themselves, or rows on a stated grid."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.errors import InputError
from azsim.nn.graph.operator import Weights
from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.embedding import Embedding
from tests.nn.operators.plain import saturate, times
from tests.nn.operators.single import float_out, graph_of, integer_out, integers_of, random_weights

INDEX = Tensor((), holds="index")


def test_rows_are_taken_as_they_are() -> None:
    weights = random_weights(np.random.default_rng(1), 5, 3, 1)
    graph = graph_of(Embedding(), [INDEX], {"weights": weights.values.astype(np.float32)})
    integers = integers_of(graph, [None], None, {"weights": weights})
    index = np.array([4, 0, 0, 2])
    assert np.array_equal(integer_out(integers, [index], [1, 2]), weights.values[index])
    assert integers.grids["out"] == Grid(8, float(weights.scales[0]))
    assert np.array_equal(float_out(graph, [index]), weights.values[index].astype(np.float32))


@pytest.mark.parametrize("groups", [1, 5])
def test_rows_on_another_grid_are_requantised(groups: int) -> None:
    weights, target = random_weights(np.random.default_rng(2), 5, 3, groups), Grid(16, 2.0**-11)
    graph = graph_of(Embedding(), [INDEX], {"weights": weights.values.astype(np.float32)})
    found = integer_out(integers_of(graph, [None], target, {"weights": weights}), [np.arange(5)])
    for row, scale, own in zip(weights.values.tolist(), weights.row_scales.tolist(), found.tolist(), strict=True):
        assert own == [saturate(times(value, scale / target.scale), 16) for value in row]


def test_several_scales_need_a_grid() -> None:
    weights = Weights(np.ones((4, 3), np.int8), np.ones(4))
    graph = graph_of(Embedding(), [INDEX], {"weights": weights.values.astype(np.float32)})
    with pytest.raises(InputError, match="output 0: a scale is missing"):
        integers_of(graph, [None], None, {"weights": weights})


@pytest.mark.parametrize("index", [-1, 5])
def test_an_index_outside_is_refused(index: int) -> None:
    graph = graph_of(Embedding(), [INDEX], {"weights": np.ones((5, 3), np.float32)})
    with pytest.raises(InputError, match="an index outside 0 to 4"):
        float_out(graph, [np.array([index])])
