"""Convolution over time: any taps, stride, dilation and groups, in pieces, against sums written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.errors import InputError
from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.conv1d import Conv1d
from tests.nn.operators.plain import finished
from tests.nn.operators.single import agrees, float_out, graph_of, integer_out, integers_of, random_int8, random_weights

SOURCE = Grid(8, 2.0**-6)
SHAPES = st.sampled_from([(1, 3, 2), (2, 4, 2), (4, 4, 8), (3, 3, 3)])
"""Groups, channels, rows."""


def sums_of(values: np.ndarray, weights: np.ndarray, operator: Conv1d) -> list[list[int]]:
    """For each output and row the sum over taps and channels, index by index; nothing lies before the start."""
    rows, channels = len(weights), values.shape[1]
    each, per_group = channels // operator.groups, rows // operator.groups
    out = []
    for k in range(len(values) // operator.stride):
        last, line = (k + 1) * operator.stride - 1, []
        for r in range(rows):
            total = 0
            for tap in range(operator.taps):
                step = last - (operator.taps - 1 - tap) * operator.dilation
                for c in range(each):
                    if step >= 0:
                        total += int(weights[r, tap * each + c]) * int(values[step, r // per_group * each + c])
            line.append(total)
        out.append(line)
    return out


@given(
    st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), SHAPES,
    st.sampled_from([8, 16]), st.integers(0, 2**32), st.lists(st.integers(0, 5), max_size=4),
)  # fmt: skip
def test_equals_sums_written_out(taps, stride, dilation, shape, bits, seed, lengths):
    groups, channels, rows = shape
    rng, operator = np.random.default_rng(seed), Conv1d(taps, stride, dilation, groups)
    weights = random_weights(rng, rows, taps * channels // groups, rows)
    exact = (weights.values * weights.row_scales[:, None]).astype(np.float32)
    bias = rng.normal(0, 0.5, rows).astype(np.float32)
    graph = graph_of(operator, [Tensor((channels,))], {"weights": exact, "bias": bias})
    target, values = Grid(bits, 2.0**-5 if bits == 8 else 2.0**-10), random_int8(rng, 17, channels)
    found = integer_out(integers_of(graph, [SOURCE], target, {"weights": weights}), [values], lengths)
    scales = weights.row_scales.tolist()
    wanted = [
        finished(line, SOURCE.scale, scales, target.scale, bits, bias)
        for line in sums_of(values, weights.values, operator)
    ]
    assert found.tolist() == wanted
    in_float = float_out(graph, [SOURCE.restore(values).astype(np.float32)], lengths)
    agrees(found, target, in_float, 1.01)


def test_it_comes_as_seldom_as_the_stride_says() -> None:
    graph = graph_of(Conv1d(3, stride=2), [Tensor((4,))], {"weights": np.ones((5, 12), np.float32)})
    assert graph.tensors["out"] == Tensor((5,)).slower(2)


@pytest.mark.parametrize(
    ("operator", "shape", "message"),
    [
        (Conv1d(3), (5, 8), r"weights of shape \(5, 8\): must have 12 columns"),
        (Conv1d(3, groups=3), (6, 4), "groups 3: 4 to 6 channels"),
        (Conv1d(0), (5, 4), "must be at least 1"),
    ],
)
def test_what_does_not_fit_is_refused(operator, shape, message) -> None:
    with pytest.raises(InputError, match=message):
        graph_of(operator, [Tensor((4,))], {"weights": np.ones(shape, np.float32)})
