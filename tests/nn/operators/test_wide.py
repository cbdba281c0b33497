"""int16 operands of products: every operator that takes them equals the same sums written out, and costs two passes."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.lower import graph_programs, wide_tensors
from azsim.nn.graph.operator import Operator, Weights
from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.conv1d import Conv1d
from azsim.nn.operators.conv2d import Conv2d
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.gru import Gru
from azsim.nn.operators.lstm import Lstm
from azsim.nn.operators.reshape import Reshape
from azsim.nn.program import VectorWork
from tests.nn.operators.plain import finished
from tests.nn.operators.single import agrees, float_out, graph_of, integer_out, integers_of, random_weights

FINE, TARGET = Grid(16, 2.0**-14), Grid(8, 2.0**-5)
LAYERS: dict[str, tuple[Operator, tuple[int, ...], int]] = {
    "dense": (Dense(), (6,), 6),
    "conv1d": (Conv1d(3, stride=2), (4,), 12),
    "conv2d": (Conv2d((2, 3), padding=(1, 0, 0, 2), groups=2), (4, 3, 5), 12),
}


def sums(weights: np.ndarray, operator: Operator, values: np.ndarray) -> np.ndarray:
    """Exact sums, ``(n, rows)`` of each place, in Python's order of places."""
    rows = weights.astype(np.int64)
    if isinstance(operator, Conv1d):
        steps = np.concatenate([np.zeros((operator.context, values.shape[1]), np.int64), values])
        cut = [steps[k : k + operator.taps].ravel() for k in range(0, len(steps) - operator.taps + 1, operator.stride)]
        return np.stack(cut) @ rows.T
    if isinstance(operator, Conv2d):
        cut = operator.windows.cut(values.astype(np.int64))
        half = len(rows) // 2
        parts = [
            cut[:, :, :2].reshape(len(cut), -1) @ rows[:half].T,
            cut[:, :, 2:].reshape(len(cut), -1) @ rows[half:].T,
        ]
        return np.concatenate(parts, axis=1)
    return values.astype(np.int64) @ rows.T


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("seed", [0, 1])
def test_equals_exact_sums(kind: str, seed: int) -> None:
    operator, shape, columns = LAYERS[kind]
    rng = np.random.default_rng(seed)
    weights, bias = random_weights(rng, 4, columns, 4), rng.normal(0, 0.5, 4).astype(np.float32)
    exact = (weights.values * weights.row_scales[:, None]).astype(np.float32)
    graph = graph_of(operator, [Tensor(shape)], {"weights": exact, "bias": bias})
    values = rng.integers(-(2**15), 2**15, (8, *shape)).astype(np.int16)
    found = integer_out(integers_of(graph, [FINE], TARGET, {"weights": weights}), [values], [3])
    scales = weights.row_scales.tolist()
    wanted = [
        finished(row, FINE.scale, scales, TARGET.scale, 8, bias)
        for row in sums(weights.values, operator, values).tolist()
    ]
    if kind == "conv2d":
        _, height, width = graph.tensors["out"].shape
        wanted = np.array(wanted).reshape(8, height, width, 4).transpose(0, 3, 1, 2).tolist()
    assert found.tolist() == wanted
    agrees(found, TARGET, float_out(graph, [FINE.restore(values).astype(np.float32)]), 1.01)


@pytest.mark.parametrize(("operator", "gates"), [(Lstm(), 4), (Gru(), 3)])
def test_a_recurrent_layer_takes_its_input_finer(operator: Operator, gates: int) -> None:
    """With int16 steps it is nearer the float layer than with int8 ones; the state stays int8."""
    rng = np.random.default_rng(3)
    rows = {role: random_weights(rng, gates * 8, 8, gates * 8) for role in ("input", "recurrent")}
    rows["input"] = Weights(rows["input"].values, 100 * rows["input"].scales)
    exact = {role: (each.values * each.row_scales[:, None]).astype(np.float32) for role, each in rows.items()}
    graph = graph_of(operator, [Tensor((8,))], exact)
    internal = {"cell": Grid(16, 2.0**-11)} if gates == 4 else {}
    steps = (0.002 * rng.standard_normal((40, 8))).astype(np.float32)
    steps[0] = 0.9  # what the grid has to hold beside small steps
    wanted, errors = float_out(graph, [steps]), []
    for grid in (Grid(16, 1 / 32767), Grid(8, 1 / 127)):
        integers = integers_of(graph, [grid], Grid(8, 2.0**-7), rows, internal)
        found = integers.grids["out"].restore(integer_out(integers, [grid.quantise(steps)], [7]))
        errors.append(float(np.abs(found - wanted).mean()))
    assert errors[0] < 0.02 < errors[1]


def test_lanes_take_two_passes_and_the_vector_unit_joins_them() -> None:
    nodes = (
        Node("moved", Reshape((6,)), ("x",), ("flat",)),
        Node("layer", Dense(), ("flat",), ("y",), {"weights": "w"}),
        Node("next", Dense(), ("y",), ("z",), {"weights": "v"}),
    )
    weights = {"w": np.ones((4, 6), np.float32), "v": np.ones((3, 4), np.float32)}
    graph = Graph("net", {"x": Tensor((2, 3))}, ("z",), nodes, weights)
    stated = {"x": FINE, "y": TARGET, "z": Grid(16, 1.0)}
    wide = wide_tensors(graph, stated)
    assert wide == {"x", "flat"}
    (narrow,), (program,) = graph_programs(graph).values(), graph_programs(graph, wide).values()
    assert [use.vectors for use in narrow.uses] == [1, 1]
    assert [use.vectors for use in program.uses] == [2, 1]
    assert program.stages[0].vector == (VectorWork("multiply-add", 8),)
    assert narrow.stages[0].vector == (VectorWork("multiply-add", 4),)
    assert (narrow.tensor_bytes, program.tensor_bytes) == (12, 24)
