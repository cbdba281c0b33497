"""What nodes of ONNX become computes what the standard says, written out in NumPy; the rest is refused by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from azsim.errors import InputError
from azsim.nn.graph.executor import Executor, Model
from azsim.nn.graph.graph import Graph
from azsim.nn.graph.onnx_node import Attribute, OnnxBuilder, OnnxNode
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.registry import add_onnx, onnx_operators

RNG = np.random.default_rng(8)


def normal(*shape: int) -> np.ndarray:
    return RNG.normal(0, 1, shape).astype(np.float32)


def run(
    kind: str,
    live: Mapping[str, np.ndarray],
    constants: Mapping[str, np.ndarray] | None = None,
    outputs: Sequence[str] = ("y",),
    restarts: bool = True,
    inputs: Sequence[str] | None = None,
    **attributes: Attribute,
) -> list[np.ndarray]:
    """The outputs for two arrays of each live input, one after another in one stream: ``(2, ...)`` each."""
    tensors = {
        name: Tensor(value.shape[1:], holds="index" if value.dtype == np.int64 else "values")
        for name, value in live.items()
    }
    builder = OnnxBuilder(tensors, constants or {}, restarts)
    names = tuple(inputs or (*live, *(constants or {})))
    add_onnx(OnnxNode("node", kind, names, tuple(outputs), attributes), builder)
    made = tuple(name for name in outputs if name)
    graph = Graph("model", tensors, made, tuple(builder.nodes), builder.parameters)
    found = Executor(Model.in_float(graph)).push(live)
    return [found[name] for name in made]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("restarts", [True, False])
@pytest.mark.parametrize("outputs", [("y",), ("y", "last"), ("", "last")])
def test_lstm(restarts: bool, outputs: tuple[str, ...]) -> None:
    """Gates i, o, f, c; Y is (steps, 1, 1, H), Y_h (1, 1, H)."""
    x, w, r, b = normal(2, 5, 1, 3), normal(1, 16, 3), normal(1, 16, 4), normal(1, 32)
    found = run("LSTM", {"x": x}, {"w": w, "r": r, "b": b}, outputs, restarts, hidden_size=4)
    hidden = cell = np.zeros(4)
    wanted = []
    for array in x[:, :, 0]:
        if restarts:
            hidden = cell = np.zeros(4)
        for step in array:
            i, o, f, c = np.split(w[0] @ step + r[0] @ hidden + b[0, :16] + b[0, 16:], 4)
            cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(c)
            hidden = sigmoid(o) * np.tanh(cell)
            wanted.append(hidden)
    wanted = np.array(wanted).reshape(2, 5, 1, 1, 4)
    shaped = {"y": wanted, "last": wanted[:, -1]}
    for name, own in zip([name for name in outputs if name], found):
        assert own.shape == shaped[name].shape
        assert np.allclose(own, shaped[name], atol=1e-5)


@pytest.mark.parametrize("after", [0, 1])
def test_gru(after: int) -> None:
    """Gates z, r, h; the reset before or after the product."""
    x, w, r, b = normal(2, 5, 1, 3), normal(1, 12, 3), normal(1, 12, 4), normal(1, 24)
    (found,) = run("GRU", {"x": x}, {"w": w, "r": r, "b": b}, hidden_size=4, linear_before_reset=after)
    (wz, wr, wh), (rz, rr, rh) = np.split(w[0], 3), np.split(r[0], 3)
    bz, br, bh, cz, cr, ch = np.split(b[0], 6)
    wanted = []
    for array in x[:, :, 0]:
        hidden = np.zeros(4)
        for step in array:
            z, reset = sigmoid(wz @ step + rz @ hidden + bz + cz), sigmoid(wr @ step + rr @ hidden + br + cr)
            again = reset * (rh @ hidden + ch) if after else rh @ (reset * hidden) + ch
            hidden = (1 - z) * np.tanh(wh @ step + again + bh) + z * hidden
            wanted.append(hidden)
    assert np.allclose(found, np.array(wanted).reshape(2, 5, 1, 1, 4), atol=1e-5)


@pytest.mark.parametrize("auto_pad", ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"])
def test_convolution_over_one_axis(auto_pad: str) -> None:
    x, w, b = normal(2, 1, 4, 9), normal(6, 2, 4), normal(6)
    more = {"pads": [2, 1]} if auto_pad == "NOTSET" else {}
    constants = {"w": w, "b": b}
    (found,) = run("Conv", {"x": x}, constants, auto_pad=auto_pad, strides=[2], group=2, **more)
    total = max(0, (5 - 1) * 2 + 4 - 9)
    sides = {"NOTSET": (2, 1), "VALID": (0, 0), "SAME_UPPER": (total // 2, total - total // 2)}
    before, after = sides.get(auto_pad, (total - total // 2, total // 2))
    padded = np.pad(x[:, 0], ((0, 0), (0, 0), (before, after)))
    places = (padded.shape[2] - 4) // 2 + 1
    wanted = np.zeros((2, 1, 6, places))
    for row in range(6):
        channels = slice(0, 2) if row < 3 else slice(2, 4)
        for place in range(places):
            window = padded[:, channels, 2 * place : 2 * place + 4]
            wanted[:, 0, row, place] = (window * w[row]).sum(axis=(1, 2)) + b[row]
    assert np.allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "attributes", "wanted"),
    [
        ("MaxPool", {"kernel_shape": [3], "strides": [3]}, lambda x: x.reshape(2, 1, 4, 3, 3).max(axis=-1)),
        ("AveragePool", {"kernel_shape": [3], "strides": [3]}, lambda x: x.reshape(2, 1, 4, 3, 3).mean(axis=-1)),
        ("GlobalAveragePool", {}, lambda x: x.mean(axis=-1, keepdims=True)),
        ("GlobalMaxPool", {}, lambda x: x.max(axis=-1, keepdims=True)),
    ],
)
def test_pooling(kind: str, attributes: dict[str, Attribute], wanted) -> None:
    x = normal(2, 1, 4, 9)
    (found,) = run(kind, {"x": x}, **attributes)
    assert np.allclose(found, wanted(x), atol=1e-6)


def test_products() -> None:
    x, w, b, m = normal(2, 3, 4), normal(4, 5), normal(5), normal(3, 5)
    assert np.allclose(run("MatMul", {"x": x}, {"w": w})[0], x @ w, atol=1e-5)
    assert np.allclose(run("Gemm", {"x": x}, {"w": w, "b": b}, alpha=0.5, beta=2.0)[0], 0.5 * x @ w + 2 * b, atol=1e-5)
    assert np.allclose(run("Gemm", {"x": x}, {"w": w.T.copy(), "m": m}, transB=1)[0], x @ w + m, atol=1e-5)
    other = normal(2, 4, 6)
    assert np.allclose(run("MatMul", {"x": x, "z": other})[0], x @ other, atol=1e-5)
    table, index = normal(7, 3), RNG.integers(0, 7, (2, 5))
    assert np.array_equal(run("Gather", {"i": index}, {"t": table}, inputs=("t", "i"))[0], table[index])


def test_element_by_element() -> None:
    x, z, c = normal(2, 3, 4), normal(2, 3, 4), normal(4)
    for kind, function in (("Add", np.add), ("Sub", np.subtract), ("Mul", np.multiply)):
        assert np.allclose(run(kind, {"x": x, "z": z})[0], function(x, z), atol=1e-6)
        assert np.allclose(run(kind, {"x": x}, {"c": c})[0], function(x, c), atol=1e-6)
    assert np.allclose(run("Div", {"x": x}, {"c": c})[0], x / c, rtol=1e-5)
    assert np.allclose(run("Add", {"x": x}, {"c": c}, inputs=("c", "x"))[0], x + c, atol=1e-6)
    assert np.allclose(run("Clip", {"x": x}, {"low": np.array(-0.5), "high": np.array(0.7)})[0], np.clip(x, -0.5, 0.7))
    assert np.allclose(run("LeakyRelu", {"x": x}, alpha=0.2)[0], np.where(x > 0, x, 0.2 * x), atol=1e-6)
    assert np.allclose(run("Swish", {"x": x})[0], x * sigmoid(x), atol=1e-6)


def test_normalisation() -> None:
    x, gain, bias = normal(2, 3, 4), normal(4), normal(4)
    centred = x - x.mean(axis=-1, keepdims=True)
    wanted = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-3) * gain + bias
    assert np.allclose(run("LayerNormalization", {"x": x}, {"g": gain, "b": bias}, epsilon=1e-3)[0], wanted, atol=1e-5)
    image, (g, b, m), v = normal(2, 1, 3, 5), normal(3, 3), np.abs(normal(3))
    found = run("BatchNormalization", {"x": image}, {"g": g, "b": b, "m": m, "v": v})[0]
    own = [each[:, None] for each in (g, b, m, v)]
    assert np.allclose(found, own[0] * (image - own[2]) / np.sqrt(own[3] + 1e-5) + own[1], atol=1e-4)


def test_moves() -> None:
    x = normal(2, 3, 4)

    def ints(*values: int) -> np.ndarray:
        return np.array(values)

    assert np.array_equal(run("Transpose", {"x": x}, perm=[1, 0])[0], x.transpose(0, 2, 1))
    assert np.array_equal(run("Reshape", {"x": x}, {"s": ints(0, 2, -1)})[0], x.reshape(2, 3, 2, 2))
    assert np.array_equal(run("Unsqueeze", {"x": x}, {"a": ints(0, -1)})[0], x.reshape(2, 1, 3, 4, 1))
    assert np.array_equal(run("Squeeze", {"x": x[:, None]}, {"a": ints(0)})[0], x)
    assert np.array_equal(run("Flatten", {"x": x}, axis=-1)[0], x.reshape(2, 3, 4))
    cut = {"s": ints(-1, 0), "e": ints(-(2**31), 3), "a": ints(1, 0), "t": ints(-2, 2)}
    assert np.array_equal(run("Slice", {"x": x}, cut)[0], x[:, 0:3:2, ::-2])
    assert np.array_equal(run("Pad", {"x": x}, {"p": ints(0, 1, 2, 0)})[0], np.pad(x, ((0, 0), (0, 2), (1, 0))))
    assert np.array_equal(run("Concat", {"x": x, "z": -x}, axis=1)[0], np.concatenate([x, -x], axis=2))


@pytest.mark.parametrize(
    ("kind", "live", "constants", "attributes", "message"),
    [
        ("Erf", (2, 4), {}, {}, "there is no such operator here"),
        ("Gemm", (2, 4), {"w": (4, 3)}, {"transA": 1}, "transA = 1: must be 0"),
        ("MatMul", (2, 4), {"w": (2, 4, 3)}, {}, r"a constant of shape \(2, 4, 3\): must be a matrix"),
        ("MatMul", (2, 4), {"w": (5, 3)}, {}, "input 2x4: last axis must be 5"),
        ("Conv", (2, 3, 8), {"w": (4, 3, 3)}, {}, r"input of shape \(2, 3, 8\): must be \(1, channels, width\)"),
        ("MaxPool", (1, 3, 8), {}, {"kernel_shape": [2], "ceil_mode": 1}, "ceil_mode"),
        ("LSTM", (5, 2, 3), {"w": (1, 16, 3), "r": (1, 16, 4)}, {"hidden_size": 4}, r"must be \(steps, 1, columns\)"),
        ("LSTM", (5, 1, 3), {"w": (1, 16, 3), "r": (1, 16, 4)}, {"hidden_size": 4, "direction": "reverse"}, "forward"),
        ("GRU", (5, 1, 3), {"w": (1, 12, 3), "r": (1, 12, 4)}, {"hidden_size": 5}, "do not fit 5 units"),
        ("Softmax", (3, 4), {}, {"axis": 0}, "axis: must be the last"),
        ("Div", (3, 4), {"c": (0,)}, {}, "do not broadcast"),
    ],
)
def test_what_has_no_counterpart_is_refused_by_the_name_of_the_node(kind, live, constants, attributes, message) -> None:
    arrays = {name: np.ones(shape, np.float32) for name, shape in constants.items()}
    with pytest.raises(InputError, match=rf"node node \({kind}\): .*{message}"):
        run(kind, {"x": np.ones((1, *live), np.float32)}, arrays, **attributes)


def test_every_kind_belongs_to_operators_that_are_there() -> None:
    assert {"LSTM", "Conv", "MatMul", "Gemm", "Reshape"} <= set(onnx_operators())
    assert [cls.kind for cls in onnx_operators()["MatMul"]] == ["dense", "matmul"]
