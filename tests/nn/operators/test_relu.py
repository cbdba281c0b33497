"""ReLU with and without a slope, on its own grid and on another."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.errors import InputError
from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.relu import Relu
from tests.nn.operators.plain import clamp, times
from tests.nn.operators.single import agrees, float_out, graph_of, integer_out, integers_of

SOURCE = Grid(8, 2.0**-4)
ALL = np.arange(-127, 128, dtype=np.int8)[:, None]


@pytest.mark.parametrize("operator", [Relu(), Relu(0.1), Relu(0.5)])
@pytest.mark.parametrize("target", [None, Grid(8, 0.03), Grid(16, 2.0**-9)])
def test_every_int8_input_equals_plain_integers(operator: Relu, target: Grid | None) -> None:
    graph = graph_of(operator, [Tensor((1,))])
    integers, own = integers_of(graph, [SOURCE], target), target or SOURCE
    assert integers.grids["out"] == own
    found = integer_out(integers, [ALL], [100])
    for value, (out,) in zip(ALL[:, 0].tolist(), found.tolist(), strict=True):
        slope = 1.0 if value > 0 else operator.slope
        wanted = times(value, slope * SOURCE.scale / own.scale) if slope else 0
        assert out == clamp(wanted, own.lowest, own.limit)
    agrees(found, own, float_out(graph, [SOURCE.restore(ALL).astype(np.float32)]), 0.501)


def test_a_slope_above_one_is_refused() -> None:
    with pytest.raises(InputError, match=r"slope 2\.0: must lie in 0 to 1"):
        integers_of(graph_of(Relu(slope=2.0), [Tensor((1,))]), [SOURCE], None)
