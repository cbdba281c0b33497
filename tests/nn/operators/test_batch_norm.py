"""Batch normalisation as a factor and an offset for each channel, of either sign or zero."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.batch_norm import BatchNorm, folded
from tests.nn.operators.plain import on_grid, saturate, times
from tests.nn.operators.single import agrees, float_out, graph_of, integer_out, integers_of, random_int8

SOURCE = Grid(8, 2.0**-6)


@pytest.mark.parametrize(("axis", "shape"), [(0, (3,)), (0, (3, 2, 2)), (-1, (2, 3)), (1, (2, 3, 2))])
@pytest.mark.parametrize("target", [Grid(8, 2.0**-5), Grid(16, 2.0**-11)])
def test_equals_plain_integers(axis: int, shape: tuple[int, ...], target: Grid) -> None:
    rng, scale = np.random.default_rng(1), np.array([1.3, -0.4, 0.0], np.float32)
    offset = rng.normal(0, 0.5, 3).astype(np.float32)
    graph = graph_of(BatchNorm(axis), [Tensor(shape)], {"scale": scale, "offset": offset})
    values = random_int8(rng, 5, *shape)
    found = integer_out(integers_of(graph, [SOURCE], target), [values], [2, 0])
    own = np.moveaxis(found, axis if axis < 0 else axis + 1, -1).reshape(-1, 3)
    for row, out in zip(np.moveaxis(values, axis if axis < 0 else axis + 1, -1).reshape(-1, 3), own, strict=True):
        for value, one, factor, more in zip(row.tolist(), out.tolist(), scale.tolist(), offset.tolist(), strict=True):
            size = times(abs(value), abs(factor) * SOURCE.scale / target.scale) if factor else 0
            sign = 1 if (value >= 0) == (factor >= 0) else -1
            assert one == saturate(sign * size + on_grid(more, target.scale, 2**30), target.bits)
    agrees(found, target, float_out(graph, [SOURCE.restore(values).astype(np.float32)]), 1.01)


def test_scale_and_offset_are_what_training_normalised() -> None:
    rng = np.random.default_rng(2)
    (gain, bias, mean), variance = rng.normal(0, 1, (3, 4)), rng.uniform(0.1, 2, 4)
    scale, offset = folded(gain, bias, mean, variance, 1e-5)
    x = rng.normal(0, 1, 4)
    assert np.allclose(scale * x + offset, gain * (x - mean) / np.sqrt(variance + 1e-5) + bias, atol=1e-5)
