"""Small ONNX models, made by the package's helpers, and what ONNX Runtime says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

RNG = np.random.default_rng(3)


def normal(*shape: int, size: float = 0.4) -> np.ndarray:
    return RNG.normal(0, size, shape).astype(np.float32)


def node(kind: str, inputs: Sequence[str], outputs: Sequence[str], name: str = "", **attributes: object):
    return helper.make_node(kind, list(inputs), list(outputs), name=name or f"the_{outputs[0]}", **attributes)


def model(
    nodes: Sequence[object],
    inputs: Mapping[str, Sequence[int | str]],
    outputs: Mapping[str, Sequence[int | str]],
    constants: Mapping[str, np.ndarray],
    opset: int = 17,
    types: Mapping[str, int] | None = None,
):
    """A model; inputs are float unless ``types`` says otherwise."""
    kinds = types or {}

    def value(name: str, shape: Sequence[int | str]):
        return helper.make_tensor_value_info(name, kinds.get(name, TensorProto.FLOAT), list(shape))

    graph = helper.make_graph(
        list(nodes),
        "small",
        [value(*each) for each in inputs.items()],
        [value(*each) for each in outputs.items()],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=imports, ir_version=9)


def streaming_lstm():
    """Audio frames into an LSTM whose state of two rows is an input and an output, as voice-activity models have it."""
    constants = {
        "w": normal(1, 32, 6), "r": normal(1, 32, 8), "b": normal(1, 64), "zero": np.array([0]), "one": np.array([1]),
        "two": np.array([2]), "v": normal(8, 3), "first": np.array(0), "second": np.array(1),
    }  # fmt: skip
    nodes = [
        node("Gather", ["state", "first"], ["h"], axis=0),
        node("Gather", ["state", "second"], ["c"], axis=0),
        node("Unsqueeze", ["h", "zero"], ["h3"]),
        node("Unsqueeze", ["c", "zero"], ["c3"]),
        node("Unsqueeze", ["x", "zero"], ["x3"]),
        node("LSTM", ["x3", "w", "r", "b", "", "h3", "c3"], ["", "hn", "cn"], hidden_size=8),
        node("Concat", ["hn", "cn"], ["stateN"], axis=0),
        node("Squeeze", ["hn", "zero"], ["flat"]),
        node("MatMul", ["flat", "v"], ["scores"]),
        node("Sigmoid", ["scores"], ["output"]),
    ]
    shapes = {"output": [1, 3], "stateN": [2, 1, 8]}
    return model(nodes, {"x": [1, 6], "state": [2, 1, 8]}, shapes, constants)


def branching(rate_first: bool = True):
    """An ``If`` on an input ``sr``, its branches with weights of their own."""

    def branch(name: str, weights: np.ndarray):
        own = [numpy_helper.from_array(weights, f"{name}_w")]
        made = helper.make_tensor_value_info(f"{name}_y", TensorProto.FLOAT, [1, 4])
        return helper.make_graph([node("MatMul", ["x", f"{name}_w"], [f"{name}_y"])], name, [], [made], own)

    wide, narrow = branch("wide", normal(5, 4)), branch("narrow", normal(5, 4))
    nodes = [
        node("Equal", ["sr", "rate"], ["is_wide"]),
        helper.make_node("If", ["is_wide"], ["picked"], name="pick", then_branch=wide, else_branch=narrow),
        node("Relu", ["picked"], ["y"]),
    ]
    types = {"sr": TensorProto.INT64}
    shapes = {"x": [1, 5], "sr": []}
    return model(nodes, shapes, {"y": [1, 4]}, {"rate": np.array(16000)}, types=types)


def saved(made: object, folder: Path, name: str = "net.onnx") -> Path:
    path = folder / name
    path.write_bytes(made.SerializeToString())
    return path


def cyclic() -> object:
    return model([node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"])], {"x": [1, 2]}, {"b": [1, 2]}, {})


def damaged(change: object) -> object:
    """A layer whose weights are changed behind the package's back."""
    made = model([node("MatMul", ["x", "w"], ["y"])], {"x": [1, 4]}, {"y": [1, 4]}, {"w": normal(4, 4)})
    change(made)
    return made


def _huge(made: object) -> None:
    made.graph.initializer[0].dims[:] = [1 << 20, 1 << 20]


def _outside(made: object) -> None:
    tensor = made.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")


def _above(made: object) -> None:
    _outside(made)
    made.graph.initializer[0].external_data[0].value = "../weights.bin"


def _short(made: object) -> None:
    made.graph.initializer[0].raw_data = b"\0" * 8


def _nan(made: object) -> None:
    made.graph.initializer[0].CopyFrom(numpy_helper.from_array(np.full((4, 4), np.nan, np.float32), "w"))


def _newer(made: object) -> None:
    made.opset_import[0].version = 9999


def _zeros(made: object) -> None:
    made.graph.initializer.append(numpy_helper.from_array(np.array([1 << 16, 1 << 15]), "n"))
    made.graph.node.append(node("ConstantOfShape", ["n"], ["z"], name="zeros"))
    made.graph.node.append(node("MatMul", ["y", "z"], ["last"]))
    made.graph.output[0].name = "last"


class _Bytes(bytes):
    """A file that is no whole model."""

    def SerializeToString(self) -> bytes:
        return bytes(self)


BAD = {
    "state": (
        lambda: model(
            [node("Relu", ["x"], ["y"]), node("Concat", ["h_in", "x"], ["h_out"], axis=1)],
            {"x": [1, 4], "h_in": [1, 4]},
            {"y": [1, 4], "h_out": [1, 8]},
            {},
        ),
        r"state h_in \(1x4\): its output h_out is 1x8: must be alike",
    ),
    "cut": (lambda: _Bytes(streaming_lstm().SerializeToString()[:700]), "cut short"),
    "cycle": (cyclic, "a cycle without a state"),
    "declared": (lambda: damaged(_huge), "array w"),
    "external": (lambda: damaged(_outside), "weights.bin: no such file"),
    "above": (lambda: damaged(_above), "must lie beside the model"),
    "short": (lambda: damaged(_short), "needs 64 bytes: holds 8"),
    "nan": (lambda: damaged(_nan), "array w: holds values that are not finite numbers"),
    "opset": (lambda: damaged(_newer), "opset 9999: must be at most"),
    "zeros": (lambda: damaged(_zeros), "zeros.*too many for a constant|zeros.*memory"),
    "open": (
        lambda: model([node("Relu", ["x"], ["y"])], {"x": ["batch", 4]}, {"y": ["batch", 4]}, {}),
        "input x: batch has no value; give --set",
    ),
    "missing": (lambda: model([node("Relu", ["z"], ["y"])], {"x": [1]}, {"y": [1]}, {}), "tensor z: nothing makes it"),
}
