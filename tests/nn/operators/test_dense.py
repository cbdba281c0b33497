"""Dense layers: plain integers, every kind of scale, and nearness to the float layer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.errors import InputError
from azsim.nn.graph.operator import Weights
from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.dense import Dense
from tests.nn.operators.plain import dot, finished
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

SOURCE = Grid(8, 2.0**-6)


@given(
    st.integers(1, 9), st.integers(1, 40), st.sampled_from(["tensor", "pairs", "channel"]),
    st.sampled_from([8, 16, 32]), st.booleans(), st.integers(0, 2**32), st.lists(st.integers(0, 3), max_size=3),
)  # fmt: skip
def test_equals_plain_integers(half, columns, scales, bits, has_bias, seed, lengths):
    rng, rows = np.random.default_rng(seed), 2 * half
    weights = random_weights(rng, rows, columns, {"tensor": 1, "pairs": half, "channel": rows}[scales])
    target = Grid(bits, {8: 2.0**-5, 16: 2.0**-11, 32: 2.0**-20}[bits])
    parameters = {"weights": weights.values.astype(np.float32)}
    if has_bias:
        parameters["bias"] = rng.normal(0, 0.5, rows).astype(np.float32)
    graph = graph_of(Dense(), [Tensor((columns,))], parameters)
    vectors = random_int8(rng, 5, columns)
    found = integer_out(integers_of(graph, [SOURCE], target, {"weights": weights}), [vectors], lengths)
    bias = parameters.get("bias")
    for vector, own in zip(vectors.tolist(), found.tolist(), strict=True):
        sums = [dot(row, vector) for row in weights.values.tolist()]
        assert own == finished(sums, SOURCE.scale, weights.row_scales.tolist(), target.scale, bits, bias, columns)
    exact = {**parameters, "weights": (weights.values * weights.row_scales[:, None]).astype(np.float32)}
    wanted = float_out(graph_of(Dense(), [Tensor((columns,))], exact), [SOURCE.restore(vectors).astype(np.float32)])
    if bits < 32:
        agrees(found, target, wanted, 1.01)


def test_sums_leave_as_they_are():
    rng = np.random.default_rng(1)
    weights = random_weights(rng, 3, 20, 1)
    graph = graph_of(Dense(sums=True), [Tensor((20,))], {"weights": weights.values.astype(np.float32)})
    integers, vectors = integers_of(graph, [SOURCE], None, {"weights": weights}), random_int8(rng, 4, 20)
    found = integer_out(integers, [vectors])
    assert found.dtype == np.int32
    assert np.array_equal(found, vectors.astype(np.int64) @ weights.values.T.astype(np.int64))
    assert integers.grids["out"] == Grid(32, SOURCE.scale * float(weights.scales[0]))


def test_other_axes_are_rows_of_their_own():
    rng = np.random.default_rng(2)
    weights = random_weights(rng, 3, 20, 1)
    parameters, target = {"weights": weights.values.astype(np.float32)}, Grid(16, 2.0**-11)
    wide = integers_of(graph_of(Dense(), [Tensor((2, 20))], parameters), [SOURCE], target, {"weights": weights})
    flat = integers_of(graph_of(Dense(), [Tensor((20,))], parameters), [SOURCE], target, {"weights": weights})
    vectors = random_int8(rng, 4, 2, 20)
    assert np.array_equal(integer_out(wide, [vectors]), integer_out(flat, [vectors.reshape(8, 20)]).reshape(4, 2, 3))
    (stage,) = stages_of(wide.graph)
    assert stage.uses[0].vectors == 2


def test_a_bias_of_another_length_is_refused():
    with pytest.raises(InputError, match=r"bias of shape \(4,\): must be \(3,\)"):
        graph_of(Dense(), [Tensor((2,))], {"weights": np.ones((3, 2), np.float32), "bias": np.zeros(4, np.float32)})


@pytest.mark.parametrize("bits", [8, 16, 32])
def test_weights_of_any_size_and_any_bias_give_plain_integers(bits):
    """From products that vanish beside a bias to biases beyond the output: nothing wraps, nothing is lost."""
    rng, values = np.random.default_rng(3), random_int8(np.random.default_rng(4), 8, 6)
    bias = np.array([0.0, 1.0, -1.0, 0.3, 1e6, -1e9, 1e30, -0.01], np.float32)
    for exponent in (-300, -140, -60, -20, -6):
        weights = Weights(values, 2.0**exponent * rng.uniform(0.5, 1, 8))
        parameters = {"weights": values.astype(np.float32), "bias": bias}
        graph, target = graph_of(Dense(), [Tensor((6,))], parameters), Grid(bits, 2.0**-4)
        vectors = random_int8(rng, 3, 6)
        found = integer_out(integers_of(graph, [SOURCE], target, {"weights": weights}), [vectors])
        for vector, own in zip(vectors.tolist(), found.tolist(), strict=True):
            sums = [dot(row, vector) for row in values.tolist()]
            assert own == finished(sums, SOURCE.scale, weights.row_scales.tolist(), target.scale, bits, bias, 6)
