"""Pooling over two axes: the largest and the mean of each window, against loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.errors import InputError
from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.pool2d import Pool2d
from tests.nn.operators.plain import nearest, saturate, times
from tests.nn.operators.single import agrees, float_out, graph_of, integer_out, integers_of, random_int8

SOURCE, TARGET = Grid(8, 2.0**-5), Grid(8, 0.02)
TWO = st.tuples(st.integers(1, 3), st.integers(1, 3))


@given(st.sampled_from(["max", "mean"]), TWO, TWO, st.booleans(), st.integers(0, 2**32))
def test_equals_loops(function, kernel, stride, padded, seed):
    padding = (1, 0, 0, 1) if padded and min(kernel) > 1 else (0, 0, 0, 0)
    operator = Pool2d(function, kernel, stride, padding)
    graph = graph_of(operator, [Tensor((2, 4, 5))])
    images = random_int8(np.random.default_rng(seed), 2, 2, 4, 5)
    found = integer_out(integers_of(graph, [SOURCE], None if function == "max" else TARGET), [images], [1])
    for place, out in np.ndenumerate(found):
        n, c, y, x = place
        window = []
        for i in range(kernel[0]):
            for j in range(kernel[1]):
                at_y, at_x = y * stride[0] + i - padding[0], x * stride[1] + j - padding[1]
                inside = 0 <= at_y < 4 and 0 <= at_x < 5
                if inside or function == "mean":
                    window.append(int(images[n, c, at_y, at_x]) if inside else 0)
        mean = nearest(sum(window) * 2**8, kernel[0] * kernel[1])
        wanted = max(window) if function == "max" else saturate(times(mean, SOURCE.scale * 2.0**-8 / TARGET.scale), 8)
        assert out == wanted
    target = SOURCE if function == "max" else TARGET
    agrees(found, target, float_out(graph, [SOURCE.restore(images).astype(np.float32)]), 0.51)


def test_another_function_is_refused() -> None:
    with pytest.raises(InputError, match="function 'median': must be 'max' or 'mean'"):
        graph_of(Pool2d("median", (2, 2), (1, 1)), [Tensor((1, 3, 3))])
