"""A state that begins anew after so many steps: each group is a stream of its own, however it was cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.gru import Gru
from azsim.nn.operators.lstm import Lstm
from tests.nn.operators.single import float_out, graph_of, integer_out, integers_of, random_int8, random_weights

SOURCE, TARGET = Grid(8, 2.0**-6), Grid(8, 2.0**-7)
CELL = {"cell": Grid(16, 2.0**-11)}


@given(st.integers(1, 5), st.lists(st.integers(0, 6), max_size=5))
@pytest.mark.parametrize("cls", [Lstm, Gru])
def test_each_group_is_a_stream_of_its_own(cls, every, lengths):
    rng, gates = np.random.default_rng(1), cls.gates
    weights = {"input": random_weights(rng, gates * 4, 3, 1), "recurrent": random_weights(rng, gates * 4, 4, 1)}
    parameters = {role: (each.values * each.row_scales[:, None]).astype(np.float32) for role, each in weights.items()}
    steps, internal = random_int8(rng, 4 * every, 3), CELL if cls is Lstm else {}
    graphs = [graph_of(cls(restart=restart), [Tensor((3,))], parameters) for restart in (every, 0)]
    anew, plain = (integers_of(graph, [SOURCE], TARGET, weights, internal) for graph in graphs)
    wanted = np.concatenate([integer_out(plain, [group]) for group in np.split(steps, 4)])
    assert np.array_equal(integer_out(anew, [steps], lengths), wanted)
    floats = SOURCE.restore(steps).astype(np.float32)
    wanted = np.concatenate([float_out(graphs[1], [group]) for group in np.split(floats, 4)])
    assert np.allclose(float_out(graphs[0], [floats], lengths), wanted, atol=1e-6)
