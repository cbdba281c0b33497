"""A graph as a module computes what the float reference computes, for every operator; its weights are the device's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="trains with PyTorch, the extra `train`")

from azsim.compress.recipe import MatrixRecipe, quantise  # noqa: E402
from azsim.errors import InputError  # noqa: E402
from azsim.nn.graph.calibrate import calibrated  # noqa: E402
from azsim.nn.graph.graph import Carried, Graph, Node  # noqa: E402
from azsim.nn.graph.operator import Operator  # noqa: E402
from azsim.nn.graph.tensor import Tensor  # noqa: E402
from azsim.nn.operators.add import Add  # noqa: E402
from azsim.nn.operators.attention import Attention  # noqa: E402
from azsim.nn.operators.batch_norm import BatchNorm  # noqa: E402
from azsim.nn.operators.clip import Clip  # noqa: E402
from azsim.nn.operators.concat import Concat  # noqa: E402
from azsim.nn.operators.conv1d import Conv1d  # noqa: E402
from azsim.nn.operators.conv2d import Conv2d  # noqa: E402
from azsim.nn.operators.dense import Dense  # noqa: E402
from azsim.nn.operators.embedding import Embedding  # noqa: E402
from azsim.nn.operators.gelu import Gelu  # noqa: E402
from azsim.nn.operators.gru import Gru  # noqa: E402
from azsim.nn.operators.last_of import LastOf  # noqa: E402
from azsim.nn.operators.layer_norm import LayerNorm  # noqa: E402
from azsim.nn.operators.lstm import Lstm  # noqa: E402
from azsim.nn.operators.matmul import Matmul  # noqa: E402
from azsim.nn.operators.mean_pool import MeanPool  # noqa: E402
from azsim.nn.operators.multiply import Multiply  # noqa: E402
from azsim.nn.operators.pad import Pad  # noqa: E402
from azsim.nn.operators.pool2d import Pool2d  # noqa: E402
from azsim.nn.operators.registry import operators  # noqa: E402
from azsim.nn.operators.relu import Relu  # noqa: E402
from azsim.nn.operators.reshape import Reshape  # noqa: E402
from azsim.nn.operators.rms_norm import RmsNorm  # noqa: E402
from azsim.nn.operators.sigmoid import Sigmoid  # noqa: E402
from azsim.nn.operators.silu import Silu  # noqa: E402
from azsim.nn.operators.slice import Slice  # noqa: E402
from azsim.nn.operators.softmax import Softmax  # noqa: E402
from azsim.nn.operators.stack import Stack  # noqa: E402
from azsim.nn.operators.statistics_pool import StatisticsPool  # noqa: E402
from azsim.nn.operators.tanh import Tanh  # noqa: E402
from azsim.nn.operators.threshold import Threshold  # noqa: E402
from azsim.nn.operators.transpose import Transpose  # noqa: E402
from azsim.nn.operators.unstack import Unstack  # noqa: E402
from azsim.train.graph_module import GraphModule, Rounding  # noqa: E402
from tests.nn.operators.single import float_out, graph_of  # noqa: E402

Shapes = Sequence[tuple[int, ...]]
LSTM = {"input": (16, 6), "recurrent": (16, 4), "bias": (16,)}
GRU = {"input": (12, 6), "recurrent": (12, 4), "bias": (12,)}
CASES: list[tuple[Operator, Shapes, Mapping[str, tuple[int, ...]]]] = [
    (Dense(), [(3, 6)], {"weights": (5, 6), "bias": (5,)}),
    (Dense(), [(6,)], {"weights": (5, 6)}),
    (Embedding(), [()], {"weights": (9, 4)}),
    (Lstm(), [(6,)], LSTM),
    (Lstm(restart=4), [(6,)], {role: LSTM[role] for role in ("input", "recurrent")}),
    (Gru(), [(6,)], GRU | {"candidate_bias": (4,)}),
    (Gru(reset_after=False), [(6,)], GRU),
    (Gru(reset_after=False, restart=3), [(6,)], GRU),
    *((Conv1d(3, s, d, g), [(6,)], {"weights": (6, 18 // g), "bias": (6,)}) for s, d, g in ((1, 1, 1), (2, 2, 3))),
    (Conv1d(2, 5), [(6,)], {"weights": (4, 12)}),
    (Conv2d((3, 2), (2, 1), (1, 1), (1, 0, 2, 1), 2), [(4, 7, 5)], {"weights": (6, 12), "bias": (6,)}),
    (Pool2d("max", (2, 3), (1, 2), (1, 0, 0, 1)), [(2, 6, 7)], {}),
    (Pool2d("mean", (2, 3), (1, 2), (1, 0, 0, 1)), [(2, 6, 7)], {}),
    (Add(), [(3, 4), (4,)], {}),
    (Add(), [(3, 4)], {"other": (4,)}),
    (Multiply(), [(3, 4), (4,)], {}),
    (Multiply(), [(3, 4)], {"other": (4,)}),
    (Matmul(0.5), [(2, 3, 4), (2, 4, 5)], {}),
    (Attention(2, 3), [(6,), (6,), (4,)], {"position": (2, 4)}),
    (Attention(2, 3, 4), [(6,), (6,), (4,)], {"position": (2, 10)}),
    (MeanPool(), [(3,)], {}),
    (MeanPool(5), [(3,)], {}),
    (StatisticsPool(), [(3,)], {}),
    (StatisticsPool(5), [(3,)], {}),
    (BatchNorm(1), [(3, 4)], {"scale": (4,), "offset": (4,)}),
    (LayerNorm(), [(3, 4)], {"gain": (4,), "bias": (4,)}),
    (RmsNorm(), [(3, 4)], {"gain": (4,)}),
    (Softmax(), [(3, 4)], {}),
    (Sigmoid(), [(4,)], {}),
    (Tanh(), [(4,)], {}),
    (Silu(), [(4,)], {}),
    (Gelu(), [(4,)], {}),
    (Gelu(by_tanh=True), [(4,)], {}),
    (Relu(0.1), [(4,)], {}),
    (Clip(-0.5, 0.7), [(4,)], {}),
    (Threshold(0.2), [(1,)], {}),
    (Concat(0), [(3, 4), (2, 4)], {}),
    (Slice(-1, 3, 2, -2), [(2, 4)], {}),
    *((Pad((1, 2), (0, 3), mode), [(4, 5)], {}) for mode in ("zeros", "edge", "reflect")),
    (Transpose((2, 0, 1)), [(2, 3, 4)], {}),
    (Reshape((4, 3)), [(2, 6)], {}),
    (Stack(3), [(2, 4)], {}),
    (Stack(3, joined=False), [(2, 4)], {}),
    (Unstack(), [(3, 4)], {}),
    (LastOf(3), [(4,)], {}),
]  # fmt: skip
STEPS, STREAMS = 12, 2


def test_every_operator_is_tried_but_those_that_are_never_trained() -> None:
    """Branches have a trainer of their own; the others come with imported networks alone."""
    never = {"branching_lstm", "magnitude", "reduce", "sqrt"}
    assert {type(operator).kind for operator, _, _ in CASES} == set(operators()) - never


@pytest.mark.parametrize(("operator", "shapes", "roles"), CASES, ids=lambda each: getattr(each, "kind", ""))
def test_the_module_computes_what_the_reference_does(
    operator: Operator, shapes: Shapes, roles: Mapping[str, tuple[int, ...]]
) -> None:
    rng = np.random.default_rng(5)
    parameters = {role: rng.normal(0, 1, shape).astype(np.float32) for role, shape in roles.items()}
    is_index = operator.kind == "embedding"
    graph = graph_of(operator, [Tensor(shape, holds="index" if is_index else "values") for shape in shapes], parameters)
    arrays = [
        rng.integers(0, 9, (STREAMS, STEPS, *shape)) if is_index
        else rng.normal(0, 1, (STREAMS, STEPS, *shape)).astype(np.float32)
        for shape in shapes
    ]  # fmt: skip
    found = GraphModule(graph)({f"in{i}": torch.from_numpy(each) for i, each in enumerate(arrays)})["out"]
    for stream in range(STREAMS):
        wanted = float_out(graph, [each[stream] for each in arrays])
        np.testing.assert_allclose(found[stream].detach().numpy(), wanted, atol=2e-5)


def small_graph() -> Graph:
    rng = np.random.default_rng(3)
    parameters = {
        "w": rng.normal(0, 1, (8, 6)), "r": rng.normal(0, 1, (8, 2)), "d": rng.normal(0, 1, (3, 2)), "b": np.ones(3)
    }  # fmt: skip
    parameters = {name: value.astype(np.float32) for name, value in parameters.items()}
    layer = Node("layer", Lstm(), ("x",), ("h",), {"input": "w", "recurrent": "r"})
    out = Node("out", Dense(), ("h",), ("y",), {"weights": "d", "bias": "b"})
    return Graph("net", {"x": Tensor((6,))}, ("y",), (layer, out), parameters)


def test_gradients_reach_every_parameter_through_the_rounding() -> None:
    module = GraphModule(small_graph())
    module.rounding = Rounding(4)
    module({"x": torch.ones(2, 5, 6)})["y"].square().sum().backward()
    assert all(float(each.grad.abs().sum()) > 0 for each in module.parameters())


def test_eight_bits_are_those_of_the_calibration() -> None:
    module, rng = GraphModule(small_graph()), np.random.default_rng(0)
    module.rounding = Rounding(8)
    graph = module.graph()
    integers = calibrated(graph, [{"x": rng.normal(0, 1, (20, 6)).astype(np.float32)}])
    for name, weights in integers.weights.items():
        exact = weights.values * weights.row_scales[:, None]
        np.testing.assert_allclose(graph.parameters[name], exact, rtol=1e-6)


@pytest.mark.parametrize("codec", ["packed", "palette"])
def test_fewer_bits_are_those_of_the_codec(codec: str) -> None:
    module = GraphModule(small_graph())
    module.rounding = Rounding(3, codec)
    matrix = module.graph().parameters["w"]
    values, scale, _ = quantise(matrix, MatrixRecipe(3, 0.0, codec))
    np.testing.assert_allclose(values * scale, matrix, rtol=1e-5, atol=1e-6)


def test_a_graph_comes_out_as_it_went_in() -> None:
    graph = small_graph()
    for name, value in GraphModule(graph).graph().parameters.items():
        np.testing.assert_array_equal(value, graph.parameters[name])


def test_state_of_the_graphs_own_and_wrong_inputs_are_refused() -> None:
    node = Node("sum", Add(), ("x", "before"), ("now",))
    graph = Graph("net", {"x": Tensor((2,))}, ("now",), (node,), {}, (Carried("before", "now", Tensor((2,))),))
    with pytest.raises(InputError, match="net: carries before"):
        GraphModule(graph)
    with pytest.raises(InputError, match="takes x"):
        GraphModule(small_graph())({"z": torch.ones(1, 1, 6)})
