"""Models imported: states recognised, branches chosen, integers kept, equal to ONNX Runtime; the rest refused whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
from azsim.errors import InputError
from azsim.nn.graph.calibrate import calibrated
from azsim.nn.graph.tensor import Grid
from azsim.nn.onnx.check import check
from azsim.nn.onnx.importer import Imported, import_model
from azsim.nn.operators.lstm import Lstm
from tests.nn.onnx.models import BAD, TensorProto, branching, model, node, normal, saved, streaming_lstm

STEPS = 40


def imported(made: object, folder: Path, **more: Mapping[str, object]) -> Imported:
    asked = {"name": None, "settings": {}, "shapes": {}, "states": {}, "every_ms": 10.0}
    return import_model(saved(made, folder), **{**asked, **more})


def agrees(made: object, folder: Path, snr_db: float = 20.0, **more: Mapping[str, object]) -> Imported:
    """The graph computes what ONNX Runtime does, and its integers are near."""
    found = imported(made, folder, **more)
    graph = found.network.graph
    rng = np.random.default_rng(5)
    shapes = {name: (STEPS, *tensor.shape) for name, tensor in graph.inputs.items()}
    stream = {name: rng.normal(0, 1, shape).astype(np.float32) for name, shape in shapes.items()}
    rows = check(found, [stream], folder / "net.onnx", calibrated(graph, [stream]))
    assert {row.output for row in rows} == set(graph.outputs)
    for row in rows:
        assert row.error < 1e-5
        assert row.snr_db > snr_db
    return found


def test_state_of_a_layer_is_carried_within_it(tmp_path: Path) -> None:
    found = agrees(streaming_lstm(), tmp_path)
    graph = found.network.graph
    assert found.states == {"state": "stateN"}
    assert found.carried_within == {"state"}
    assert set(graph.inputs) == {"x"}
    assert graph.outputs == ("output",)
    assert not graph.carried
    (layer,) = (each for each in graph.nodes if isinstance(each.operator, Lstm))
    assert layer.operator.restart == 0


def test_state_that_nodes_compute_with_is_carried_by_the_graph_in_parts(tmp_path: Path) -> None:
    """A cell written out: h and c of one state have grids of their own."""
    constants = {"w": normal(10, 16), "axes": np.array([0]), "four": np.array([4, 4, 4, 4]), "zero": np.array(0),
                 "one": np.array(1)}  # fmt: skip
    nodes = [
        node("Gather", ["state_in", "zero"], ["h"], axis=0),
        node("Gather", ["state_in", "one"], ["c"], axis=0),
        node("Concat", ["x", "h"], ["xh"], axis=-1),
        node("MatMul", ["xh", "w"], ["gates"]),
        node("Split", ["gates", "four"], ["i", "f", "g", "o"], axis=-1),
        *(node("Sigmoid", [each], [f"{each}s"]) for each in "ifo"),
        node("Tanh", ["g"], ["gt"]),
        node("Mul", ["fs", "c"], ["kept"]),
        node("Mul", ["is", "gt"], ["new"]),
        node("Add", ["kept", "new"], ["c_next"]),
        node("Tanh", ["c_next"], ["ct"]),
        node("Mul", ["os", "ct"], ["h_next"]),
        node("Unsqueeze", ["h_next", "axes"], ["h3"]),
        node("Unsqueeze", ["c_next", "axes"], ["c3"]),
        node("Concat", ["h3", "c3"], ["state_out"], axis=0),
        node("Relu", ["h_next"], ["y"]),
    ]
    made = model(nodes, {"x": [1, 6], "state_in": [2, 1, 4]}, {"y": [1, 4], "state_out": [2, 1, 4]}, constants)
    found = agrees(made, tmp_path)
    assert {each.name for each in found.network.graph.carried} == {"h", "c"}
    assert not found.carried_within


@pytest.mark.parametrize("rate", [16000, 8000])
def test_branch_is_the_one_that_an_input_asks_for(rate: int, tmp_path: Path) -> None:
    found = agrees(branching(), tmp_path, settings={"sr": rate})
    assert set(found.network.graph.inputs) == {"x"}
    assert len(found.network.weight_matrices) == 1


def test_shape_arithmetic_is_folded(tmp_path: Path) -> None:
    constants = {"minus": np.array([-1]), "two": np.array([2]), "w": normal(6, 4), "at": np.array([0])}
    nodes = [
        node("Shape", ["x"], ["shape"]),
        node("Slice", ["shape", "at", "two"], ["front"]),
        node("Concat", ["front", "two", "minus"], ["wanted"], axis=0),
        node("Reshape", ["x", "wanted"], ["halves"]),
        node("Reshape", ["halves", "shape"], ["back"]),
        node("MatMul", ["back", "w"], ["y"]),
    ]
    found = agrees(
        model(nodes, {"x": [1, "time", 6]}, {"y": [1, "time", 4]}, constants), tmp_path, settings={"time": 3}
    )
    assert {each.operator.kind for each in found.network.graph.nodes} <= {"reshape", "dense"}


def test_gelu_silu_and_magnitude_are_found(tmp_path: Path) -> None:
    numbers = {"root": 2**0.5, "one": 1, "half": 0.5, "two": 2}
    constants = {name: np.array(value, np.float32) for name, value in numbers.items()}
    nodes = [
        node("Div", ["x", "root"], ["steep"]), node("Erf", ["steep"], ["erf"]),
        node("Add", ["erf", "one"], ["up"]),
        node("Mul", ["x", "up"], ["double"]), node("Mul", ["double", "half"], ["gelu"]),
        node("Sigmoid", ["x"], ["gate"]), node("Mul", ["x", "gate"], ["silu"]),
        node("Pow", ["x", "two"], ["xx"]), node("Mul", ["z", "z"], ["zz"]), node("Add", ["xx", "zz"], ["power"]),
        node("Sqrt", ["power"], ["size"]),
    ]  # fmt: skip
    shape = [1, 8]
    found = agrees(
        model(nodes, {"x": shape, "z": shape}, {"gelu": shape, "silu": shape, "size": shape}, constants), tmp_path
    )
    assert {each.operator.kind for each in found.network.graph.nodes} == {"gelu", "silu", "magnitude"}


def test_quantised_weights_keep_their_integers_and_scales(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    values = rng.integers(-127, 128, (6, 4)).astype(np.int8)
    scales = rng.uniform(0.005, 0.02, 4).astype(np.float32)
    unsigned = (rng.integers(-128, 128, (4, 4)) + 128).astype(np.uint8)
    constants = {
        "q": values, "s": scales, "u": unsigned, "us": np.array(0.01, np.float32), "uz": np.array(128, np.uint8),
        "xs": np.array(0.03, np.float32), "xz": np.array(0, np.int8),
    }  # fmt: skip
    nodes = [
        node("QuantizeLinear", ["x", "xs", "xz"], ["xq"]),
        node("DequantizeLinear", ["xq", "xs", "xz"], ["xd"]),
        node("DequantizeLinear", ["q", "s"], ["w"], axis=1),
        node("MatMul", ["xd", "w"], ["h"]),
        node("DequantizeLinear", ["u", "us", "uz"], ["v"]),
        node("MatMul", ["h", "v"], ["y"]),
    ]
    found = agrees(model(nodes, {"x": [1, 6]}, {"y": [1, 4]}, constants), tmp_path)
    first, second = found.network.weight_matrices
    own = found.network.quantised
    assert np.array_equal(own[first].values, values.T)
    assert np.allclose(own[first].scales, scales)
    assert np.array_equal(own[second].values, (unsigned.astype(np.int16) - 128).T)
    assert own[second].scales.tolist() == [pytest.approx(0.01)]
    assert found.network.hints["x"].scale == pytest.approx(0.03)
    stream = {"x": rng.normal(0, 1, (9, 1, 6)).astype(np.float32)}
    assert calibrated(found.network.graph, [stream], hints=found.network.hints).stated["x"].scale == pytest.approx(0.03)


@pytest.mark.parametrize(
    ("kind", "zero", "grid"),
    [
        (np.int8, -128, Grid(8, 0.03 * 255 / 127)),
        (np.uint8, 128, Grid(8, 0.03)),
        (np.uint8, 0, Grid(8, 0.03 * 255 / 127)),
        (np.int16, 0, Grid(16, 0.03)),
    ],
)
def test_grid_of_a_tensor_is_kept_or_holds_what_it_held(kind: type, zero: int, grid: Grid, tmp_path: Path) -> None:
    constants = {"s": np.array(0.03, np.float32), "z": np.array(zero, kind), "w": normal(6, 4)}
    nodes = [
        node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        node("DequantizeLinear", ["q", "s", "z"], ["d"]),
        node("MatMul", ["d", "w"], ["y"]),
    ]
    found = imported(model(nodes, {"x": [1, 6]}, {"y": [1, 4]}, constants, opset=21), tmp_path)
    kept = found.network.hints["x"]
    assert (kept.bits, kept.scale) == (grid.bits, pytest.approx(grid.scale))
    stream = {"x": np.ones((9, 1, 6), np.float32)}
    assert calibrated(found.network.graph, [stream], hints=found.network.hints).grids["x"] == kept


def test_a_grid_that_begins_at_zero_is_a_relu(tmp_path: Path) -> None:
    """Quantisers leave a Relu out before it; what is never negative, through what only moves it, gets none."""
    constants = {"s": np.array(0.02, np.float32), "z": np.array(-128, np.int8), "w": normal(6, 4)}
    nodes = [
        node("MatMul", ["x", "w"], ["h"]),
        node("QuantizeLinear", ["h", "s", "z"], ["q"]),
        node("DequantizeLinear", ["q", "s", "z"], ["d"]),
        node("Transpose", ["d"], ["t"], perm=[1, 0]),
        node("QuantizeLinear", ["t", "s", "z"], ["tq"]),
        node("DequantizeLinear", ["tq", "s", "z"], ["y"]),
    ]
    made = model(nodes, {"x": [1, 6]}, {"y": [4, 1]}, constants)
    found = imported(made, tmp_path)
    assert [each.operator.kind for each in found.network.graph.nodes].count("relu") == 1
    stream = {"x": np.random.default_rng(3).normal(0, 1, (30, 1, 6)).astype(np.float32)}
    (row,) = check(found, [stream], tmp_path / "net.onnx", None)
    assert row.error < 1e-5
    assert row.as_given < 0.02  # a step of the grid


def test_an_extent_of_minus_one_is_open(tmp_path: Path) -> None:
    made = model([node("Relu", ["x"], ["y"])], {"x": [-1, 3]}, {"y": [-1, 3]}, {})
    with pytest.raises(InputError, match="input x: extent 0 has no value"):
        imported(made, tmp_path)
    assert imported(made, tmp_path, shapes={"x": (2, 3)}).network.graph.inputs["x"].shape == (2, 3)


def test_dynamically_quantised_layers_become_float_ones_with_their_integers(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    w, r = (rng.integers(-127, 128, shape).astype(np.int8) for shape in ((1, 6, 32), (1, 8, 32)))
    q = rng.integers(-127, 128, (8, 4)).astype(np.int8)
    constants = {
        "w": w, "r": r, "b": normal(1, 64), "ws": np.array([0.004], np.float32), "rs": np.array([0.003], np.float32),
        "zero": np.array([0], np.int8), "q": q, "qs": np.array(0.01, np.float32), "qz": np.array(0, np.int8),
        "flat": np.array([1, 8]),
    }  # fmt: skip
    nodes = [
        node("DynamicQuantizeLSTM", ["x", "w", "r", "b", "", "", "", "", "ws", "zero", "rs", "zero"], ["", "h"],
             domain="com.microsoft", hidden_size=8),
        node("Reshape", ["h", "flat"], ["f"]),
        node("DynamicQuantizeLinear", ["f"], ["fq", "fs", "fz"]),
        node("MatMulInteger", ["fq", "q", "fz", "qz"], ["sums"]),
        node("Cast", ["sums"], ["cast"], to=TensorProto.FLOAT),
        node("Mul", ["fs", "qs"], ["both"]),
        node("Mul", ["cast", "both"], ["y"]),
    ]  # fmt: skip
    found = agrees(model(nodes, {"x": [5, 1, 6]}, {"y": [1, 4]}, constants), tmp_path)
    own = {name.rsplit(".", 1)[1]: each for name, each in found.network.quantised.items()}
    assert np.array_equal(own["weights"].values, q.T)
    gates = w[0].T.reshape(4, 8, 6)[[0, 2, 3, 1]].reshape(32, 6)  # i, o, f, c to i, f, g, o
    assert np.array_equal(own["input"].values, gates)
    assert own["recurrent"].scales.tolist() == [pytest.approx(0.003)]


def test_zero_points_that_do_not_fit_are_refused_by_node(tmp_path: Path) -> None:
    constants = {"q": np.array([[-128, 5]], np.int8), "s": np.array(0.1, np.float32), "z": np.array(1, np.int8)}
    nodes = [node("DequantizeLinear", ["q", "s", "z"], ["w"], name="dq"), node("MatMul", ["x", "w"], ["y"])]
    with pytest.raises(InputError, match=r"node dq \(DequantizeLinear\): integers.*from -129 to 4: must fit int8"):
        imported(model(nodes, {"x": [1, 1]}, {"y": [1, 2]}, constants), tmp_path)


def test_float16_weights_become_float32(tmp_path: Path) -> None:
    constants = {"w": normal(6, 4).astype(np.float16)}
    nodes = [
        node("Cast", ["x"], ["half"], to=TensorProto.FLOAT16),
        node("MatMul", ["half", "w"], ["product"]),
        node("Cast", ["product"], ["y"], to=TensorProto.FLOAT),
    ]
    found = imported(model(nodes, {"x": [1, 6]}, {"y": [1, 4]}, constants), tmp_path)
    (name,) = found.network.weight_matrices
    assert found.network.parameters[name].dtype == np.float32
    assert np.array_equal(found.network.parameters[name], constants["w"].astype(np.float32).T)


def test_all_that_is_not_supported_is_listed_by_node(tmp_path: Path) -> None:
    nodes = [
        node("Relu", ["x"], ["a"]),
        node("Det", ["a"], ["b"], name="one"),
        node("Relu", ["b"], ["c"]),
        node("Hardmax", ["c"], ["d"], name="two"),
        node("Cosh", ["x"], ["e"], name="three"),
        node("Add", ["d", "e"], ["y"]),
    ]
    with pytest.raises(InputError) as found:
        imported(model(nodes, {"x": [3, 3]}, {"y": [3, 3]}, {}), tmp_path)
    said = str(found.value)
    assert "3 things are not supported" in said
    for name in ("node one (Det)", "node two (Hardmax)", "node three (Cosh)"):
        assert name in said


def test_states_are_those_asked_for(tmp_path: Path) -> None:
    nodes = [node("Add", ["x", "memory"], ["sum"]), node("Relu", ["sum"], ["y"]), node("Tanh", ["sum"], ["later"])]
    made = model(nodes, {"x": [1, 4], "memory": [1, 4]}, {"y": [1, 4], "later": [1, 4]}, {})
    assert set(imported(made, tmp_path).network.graph.inputs) == {"x", "memory"}
    found = agrees(made, tmp_path, states={"memory": "later"})
    assert [each.source for each in found.network.graph.carried] == ["later"]
    for states, said in (
        ({"memori": "later"}, "no input 'memori'; did you mean 'memory'"),
        ({"memory": "late"}, "no output 'late'"),
    ):
        with pytest.raises(InputError, match=said):
            imported(made, tmp_path, states=states)
    made.graph.output[1].type.tensor_type.shape.dim[1].dim_value = 4
    wrong = model([node("Relu", ["x"], ["y"]), node("Concat", ["m", "x"], ["mn"], axis=1)], {"x": [1, 4], "m": [1, 4]},
                  {"y": [1, 4], "mn": [1, 8]}, {})  # fmt: skip
    with pytest.raises(InputError, match=r"state m \(1x4\): its output mn is 1x8: must be alike"):
        imported(wrong, tmp_path, states={"m": "mn"})


@pytest.mark.parametrize("case", BAD)
def test_bad_model_is_refused_in_a_line(case: str, tmp_path: Path) -> None:
    make, said = BAD[case]
    with pytest.raises(InputError, match=said) as found:
        imported(make(), tmp_path)
    assert "net.onnx" in str(found.value)
    assert "\n" not in str(found.value)


def test_cut_short_model_is_refused(tmp_path: Path) -> None:
    data = streaming_lstm().SerializeToString()
    path = tmp_path / "cut.onnx"
    for size in (0, 1, 7, 100, len(data) // 2, len(data) - 3):
        path.write_bytes(data[:size])
        with pytest.raises(InputError, match=r"cut\.onnx"):
            import_model(path, name=None, settings={}, shapes={}, states={}, every_ms=1.0)
