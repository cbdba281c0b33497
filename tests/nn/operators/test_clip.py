"""Clip on its own grid and on another, with one limit, two or none."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.errors import InputError
from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.clip import Clip
from tests.nn.operators.plain import clamp, on_grid, times
from tests.nn.operators.single import agrees, float_out, graph_of, integer_out, integers_of

SOURCE = Grid(8, 2.0**-4)
ALL = np.arange(-127, 128, dtype=np.int8)[:, None]


@pytest.mark.parametrize("operator", [Clip(0.0, 6.0), Clip(-1.0, 1.0), Clip(low=0.5), Clip(high=-2.0), Clip()])
@pytest.mark.parametrize("target", [None, Grid(8, 0.03), Grid(16, 2.0**-9)])
def test_every_int8_input_equals_plain_integers(operator: Clip, target: Grid | None) -> None:
    graph, own = graph_of(operator, [Tensor((1,))]), target or SOURCE
    found = integer_out(integers_of(graph, [SOURCE], target), [ALL], [100])
    reach = own.limit * own.scale
    low = own.lowest if operator.low < -reach else on_grid(operator.low, own.scale, own.limit)
    high = own.limit if operator.high > reach else on_grid(operator.high, own.scale, own.limit)
    for value, (out,) in zip(ALL[:, 0].tolist(), found.tolist(), strict=True):
        assert out == clamp(times(value, SOURCE.scale / own.scale), low, high)
    agrees(found, own, float_out(graph, [SOURCE.restore(ALL).astype(np.float32)]), 0.501)


def test_limits_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(InputError, match=r"low 2\.0 above high 1\.0"):
        integers_of(graph_of(Clip(2.0, 1.0), [Tensor((1,))]), [SOURCE], None)
