"""Convolution over two axes: any kernel, stride, dilation, padding and groups against sums written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.errors import InputError
from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.conv2d import Conv2d
from tests.nn.operators.plain import finished
from tests.nn.operators.single import (
    agrees,
    float_out,
    graph_of,
    integer_out,
    integers_of,
    random_int8,
    random_weights,
    stages_of,
)

SOURCE, TARGET = Grid(8, 2.0**-6), Grid(8, 2.0**-5)
TWO = st.tuples(st.integers(1, 3), st.integers(1, 3))


def sums_at(image: np.ndarray, weights: np.ndarray, operator: Conv2d, y: int, x: int) -> list[int]:
    """Of one place, every row, index by index."""
    channels, height, width = image.shape
    each, per_group, (down, across) = channels // operator.groups, len(weights) // operator.groups, operator.kernel
    out = []
    for r, row in enumerate(weights.tolist()):
        total = 0
        for i in range(down):
            for j in range(across):
                at_y = y * operator.stride[0] + i * operator.dilation[0] - operator.padding[0]
                at_x = x * operator.stride[1] + j * operator.dilation[1] - operator.padding[1]
                if 0 <= at_y < height and 0 <= at_x < width:
                    for c in range(each):
                        total += row[(i * across + j) * each + c] * int(image[r // per_group * each + c, at_y, at_x])
        out.append(total)
    return out


@given(
    TWO, TWO, st.tuples(st.integers(1, 2), st.integers(1, 2)), st.tuples(*[st.integers(0, 2)] * 4),
    st.sampled_from([(1, 3, 2), (2, 4, 2), (3, 3, 3)]), st.integers(0, 2**32), st.lists(st.integers(0, 2), max_size=2),
)  # fmt: skip
def test_equals_sums_written_out(kernel, stride, dilation, padding, shape, seed, lengths):
    groups, channels, rows = shape
    rng, operator = np.random.default_rng(seed), Conv2d(kernel, stride, dilation, padding, groups)
    weights = random_weights(rng, rows, kernel[0] * kernel[1] * channels // groups, rows)
    exact = (weights.values * weights.row_scales[:, None]).astype(np.float32)
    bias = rng.normal(0, 0.5, rows).astype(np.float32)
    graph = graph_of(operator, [Tensor((channels, 5, 6))], {"weights": exact, "bias": bias})
    images = random_int8(rng, 2, channels, 5, 6)
    found = integer_out(integers_of(graph, [SOURCE], TARGET, {"weights": weights}), [images], lengths)
    _, height, width = graph.tensors["out"].shape
    scales = weights.row_scales.tolist()
    for image, own in zip(images, found, strict=True):
        for y in range(height):
            for x in range(width):
                sums = sums_at(image, weights.values, operator, y, x)
                assert own[:, y, x].tolist() == finished(sums, SOURCE.scale, scales, TARGET.scale, 8, bias)
    agrees(found, TARGET, float_out(graph, [SOURCE.restore(images).astype(np.float32)]), 1.01)


def test_each_place_is_a_vector_of_its_own() -> None:
    graph = graph_of(Conv2d((3, 3)), [Tensor((2, 5, 6))], {"weights": np.ones((4, 18), np.float32)})
    (stage,) = stages_of(graph)
    assert stage.uses[0].vectors == 3 * 4
    assert stage.vector_ops == 4 * 3 * 4


def test_a_kernel_that_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match=r"kernel \(7, 3\): does not fit into \(2, 5, 6\)"):
        graph_of(Conv2d((7, 3)), [Tensor((2, 5, 6))], {"weights": np.ones((4, 42), np.float32)})
