"""A graph in integers is complete when it is made: weights, scales, grids that the kernels take."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from azsim.errors import InputError
from azsim.nn.graph.executor import Executor, Model
from azsim.nn.graph.graph import Carried, Graph, Node
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.nn.graph.operator import Weights
from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.add import Add
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.embedding import Embedding
from azsim.nn.operators.lstm import Lstm

GRID = Grid(8, 2.0**-7)
PARAMETERS = {"w": np.ones((3, 4), np.float32), "i": np.ones((8, 3), np.float32), "r": np.ones((8, 2), np.float32)}
GRAPH = Graph(
    "net",
    {"x": Tensor((4,))},
    ("h",),
    (
        Node("dense", Dense(), ("x",), ("y",), {"weights": "w"}),
        Node("lstm", Lstm(), ("y",), ("h",), {"input": "i", "recurrent": "r"}),
    ),
    PARAMETERS,
)
WEIGHTS = {name: Weights.of(np.ones(each.shape, np.int8), 0.01) for name, each in PARAMETERS.items()}
STATED = {"x": GRID, "y": GRID, "h": GRID, "lstm.cell": Grid(16, 2.0**-11)}


def test_a_whole_one_lays_out_all_kernels() -> None:
    assert list(IntegerGraph(GRAPH, WEIGHTS, STATED).executions()) == ["dense", "lstm"]


@pytest.mark.parametrize("missing", STATED)
def test_a_missing_scale_is_named(missing: str) -> None:
    stated = {name: grid for name, grid in STATED.items() if name != missing}
    node = {"y": "node dense (dense): output 0: ", "h": "node lstm (lstm): output 0: "}
    where = node | {"x": "tensor x: ", "lstm.cell": "node lstm (lstm): internal tensor cell: "}
    with pytest.raises(InputError) as raised:
        IntegerGraph(GRAPH, WEIGHTS, stated)
    assert str(raised.value) == f"graph net: {where[missing]}a scale is missing"


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"y": Grid(32, 2.0**-20)}, "input y: on grid int32 x 9.53674e-07: must be int8 or int16, it is an operand of"),
        ({"lstm.cell": Grid(16, 0.003)}, "cell state on grid int16 x 0.003: must be int16 on a power of two"),
        ({"h": Grid(16, 2.0**-11)}, "hidden state on grid int16 x 0.000488281: must be int8"),
    ],
)
def test_a_grid_that_no_kernel_takes_is_refused(stated: dict[str, Grid], message: str) -> None:
    with pytest.raises(InputError) as raised:
        IntegerGraph(GRAPH, WEIGHTS, STATED | stated)
    assert message in str(raised.value)


def test_weights_must_be_there_and_fit() -> None:
    with pytest.raises(InputError, match="weights w: missing"):
        IntegerGraph(GRAPH, {name: each for name, each in WEIGHTS.items() if name != "w"}, STATED)
    turned = WEIGHTS | {"w": Weights.of(np.ones((4, 3), np.int8), 0.01)}
    with pytest.raises(InputError, match=r"weights w: shape \(4, 3\): must be \(3, 4\)"):
        IntegerGraph(GRAPH, turned, STATED)


@pytest.mark.parametrize("scales", [[1.0, 0.0, 1.0, 1.0], [1.0] * 3, [], [[1.0]], [np.nan]])
def test_scales_of_weights_divide_the_rows_and_are_positive(scales: list) -> None:
    with pytest.raises(InputError, match="weights: "):
        Weights(np.ones((4, 2), np.int8), np.array(scales))


def test_scales_are_dealt_to_rows_in_order() -> None:
    each = Weights(np.ones((8, 2), np.int8), np.array([1.0, 2.0, 3.0, 4.0]))
    assert each.row_scales.tolist() == [1, 1, 2, 2, 3, 3, 4, 4]


def test_a_factor_beyond_fixed_point_is_refused_at_its_node() -> None:
    weights = WEIGHTS | {"w": Weights.of(np.ones((3, 4), np.int8), 2.0**40)}
    with pytest.raises(InputError, match=r"graph net: node dense \(dense\): scale .*below 2\*\*30"):
        IntegerGraph(GRAPH, weights, STATED).executions()


def test_grids_that_follow_need_not_be_stated() -> None:
    nodes = (
        Node("row", Embedding(), ("label",), ("row",), {"weights": "w"}),
        Node("out", Dense(sums=True), ("row",), ("y",), {"weights": "w"}),
    )
    graph = Graph("net", {"label": Tensor((), holds="index")}, ("y",), nodes, PARAMETERS)
    grids = IntegerGraph(graph, WEIGHTS, {}).grids
    assert grids == {"label": None, "row": Grid(8, 0.01), "y": Grid(32, 0.01 * 0.01)}


def test_a_state_has_the_grid_that_it_follows() -> None:
    node = Node("sum", Add(), ("x", "before"), ("y",))
    graph = replace(GRAPH, outputs=("y",), nodes=(node,), carried=(Carried("before", "y", Tensor((4,))),))
    IntegerGraph(graph, {}, {"x": GRID, "before": GRID, "y": GRID})
    with pytest.raises(InputError, match=r"state before: on grid int8 x 0\.0078125, but it follows y on grid int16"):
        IntegerGraph(graph, {}, {"x": GRID, "before": GRID, "y": Grid(16, 2.0**-7)})


def test_sums_of_int16_operands_must_fit_an_int32() -> None:
    """600 weights of 127 with values of 32,768 do not: 516 do."""
    for columns, fits in ((516, True), (600, False)):
        matrix = np.ones((2, columns), np.float32)
        graph = Graph("net", {"x": Tensor((columns,))}, ("y",), (Node("d", Dense(), ("x",), ("y",), {"weights": "w"}),),
                      {"w": matrix})  # fmt: skip
        weights, grids = {"w": Weights.of(np.full(matrix.shape, 127, np.int8), 1e-5)}, {"y": GRID}
        if fits:
            made = IntegerGraph(graph, weights, grids | {"x": Grid(16, 1e-4)})
            inputs = np.full((1, columns), -32768, np.int16)
            assert Executor(Model.in_integers(made)).push({"x": inputs})["y"].tolist() == [[-127, -127]]
        else:
            IntegerGraph(graph, weights, grids | {"x": Grid(8, 1e-4)})
            with pytest.raises(InputError, match="node d: w: sums of its products with int16 values may exceed"):
                IntegerGraph(graph, weights, grids | {"x": Grid(16, 1e-4)})
