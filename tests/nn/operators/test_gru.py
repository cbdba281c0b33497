"""GRU layers, the reset before or after the product, in pieces, against plain integers and the float layer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.errors import InputError
from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.gru import Gru
from tests.nn.operators.plain import dot, nearest, on_grid, saturate, table, times
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

SOURCE, TARGET = Grid(8, 2.0**-6), Grid(8, 2.0**-7)


def plain(vectors, weights, bias, own, reset_after: bool) -> list[list[int]]:
    into, again = weights["input"], weights["recurrent"]
    size = again.values.shape[1]
    hidden, fine, out = [0] * size, [0] * size, []

    def entering(r: int, vector) -> int:
        return times(dot(into.values[r].tolist(), vector), SOURCE.scale * into.row_scales[r] * 2.0**11)

    def recurrent(r: int, state) -> int:
        return times(dot(again.values[r].tolist(), state), TARGET.scale * again.row_scales[r] * 2.0**11)

    for vector in vectors.tolist():
        offsets = [on_grid(float(each), 2.0**-11, 32767) for each in bias]
        gates = [
            table("sigmoid", saturate(entering(r, vector) + recurrent(r, hidden) + offsets[r], 16))
            for r in range(2 * size)
        ]
        kept = [nearest(gates[j] * hidden[j], 2**15) for j in range(size)]
        new_hidden = list(hidden)
        for j in range(size):
            r = 2 * size + j
            if reset_after:
                inside = saturate(recurrent(r, hidden) + on_grid(float(own[j]), 2.0**-11, 32767), 16)
                inner = nearest(gates[j] * inside, 2**15)
            else:
                inner = recurrent(r, kept)
            new = table("tanh", saturate(entering(r, vector) + inner + offsets[r], 16))
            keep = gates[size + j]
            fine[j] = saturate(nearest((2**15 - keep) * new + keep * fine[j], 2**15), 16)
            new_hidden[j] = saturate(times(fine[j], 2.0**-15 / TARGET.scale), 8)
        hidden = new_hidden
        out.append(list(hidden))
    return out


@given(
    st.integers(1, 5), st.integers(1, 12), st.sampled_from([1, 3]), st.booleans(), st.integers(0, 2**32),
    st.lists(st.integers(0, 3), max_size=3),
)  # fmt: skip
def test_equals_plain_integers(units, columns, groups, reset_after, seed, lengths):
    rng = np.random.default_rng(seed)
    weights = {"input": random_weights(rng, 3 * units, columns, groups)}
    weights["recurrent"] = random_weights(rng, 3 * units, units, groups)
    bias, own = rng.normal(0, 0.5, 3 * units).astype(np.float32), rng.normal(0, 0.5, units).astype(np.float32)
    parameters = {role: (each.values * each.row_scales[:, None]).astype(np.float32) for role, each in weights.items()}
    parameters["bias"] = bias
    if reset_after:
        parameters["candidate_bias"] = own
    graph = graph_of(Gru(reset_after), [Tensor((columns,))], parameters)
    vectors = random_int8(rng, 7, columns)
    found = integer_out(integers_of(graph, [SOURCE], TARGET, weights), [vectors], lengths)
    assert found.tolist() == plain(vectors, weights, bias, own, reset_after)


@pytest.mark.parametrize("reset_after", [True, False])
def test_integers_are_near_the_float_layer(reset_after: bool) -> None:
    rng = np.random.default_rng(3)
    weights = {"input": random_weights(rng, 24, 20, 3), "recurrent": random_weights(rng, 24, 8, 3)}
    parameters = {role: (each.values * each.row_scales[:, None]).astype(np.float32) for role, each in weights.items()}
    parameters["bias"] = rng.normal(0, 0.5, 24).astype(np.float32)
    graph, vectors = graph_of(Gru(reset_after), [Tensor((20,))], parameters), random_int8(rng, 60, 20)
    found = integer_out(integers_of(graph, [SOURCE], TARGET, weights), [vectors])
    agrees(found, TARGET, float_out(graph, [SOURCE.restore(vectors).astype(np.float32)]), 3)


def test_the_lowering_has_both_products_and_the_vector_work() -> None:
    graph = graph_of(Gru(), [Tensor((3,))], {"input": np.ones((6, 3), np.float32), "recurrent": np.ones((6, 2))})
    (stage,) = stages_of(graph)
    assert [(use.matrix, use.role) for use in stage.uses] == [("recurrent", "recurrent"), ("input", "input")]
    assert stage.vector_ops == 13 * 2


def test_a_candidate_bias_belongs_to_a_reset_after_the_product() -> None:
    parameters = {"input": np.ones((6, 3)), "recurrent": np.ones((6, 2)), "candidate_bias": np.zeros(2)}
    with pytest.raises(InputError, match="candidate_bias: only where the reset comes after"):
        graph_of(Gru(reset_after=False), [Tensor((3,))], parameters)
