"""What each operator of TFLite becomes in ONNX, fused activations and padding written out.

**Source:** the operators' kernels and options, tensorflow/lite/schema/schema.fbs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from azsim.errors import InputError
from azsim.nn.tflite.file import TfliteOperator, tflite_package

if TYPE_CHECKING:
    from azsim.nn.tflite.to_onnx import OnnxWriter

Rule = Callable[["OnnxWriter", TfliteOperator], None]
SAME = 0
ACTIVATIONS = {0: "", 1: "Relu", 2: "-1 to 1", 3: "Clip", 4: "Tanh"}


def _options(operator: TfliteOperator, kind: str) -> object:
    """The options of an operator; those of the schema where it states none."""
    own = getattr(tflite_package(), kind)()
    if operator.options is None:
        raise operator.refuse("has no options")
    own.Init(operator.options.Bytes, operator.options.Pos)
    return own


def _out(writer: OnnxWriter, operator: TfliteOperator) -> str:
    return f"{writer.tensor(operator.outputs[0]).name}.exact"


def _activated(writer: OnnxWriter, operator: TfliteOperator, value: str, function: int) -> str:
    """A value through the activation that is fused into an operator."""
    if function not in ACTIVATIONS:
        raise operator.refuse(f"fused activation {function}: must be one of none, ReLU, ReLU6, -1 to 1, tanh")
    kind, name = ACTIVATIONS[function], f"{value}.active"
    if not kind:
        return value
    if kind in ("Relu", "Tanh"):
        return writer.node(kind, [value], name)
    limits = (0.0, 6.0) if kind == "Clip" else (-1.0, 1.0)
    return writer.node("Clip", [value, *_limits(writer, name, limits)], name)


def _limits(writer: OnnxWriter, name: str, limits: Sequence[float | None]) -> list[str]:
    return [
        "" if limit is None else writer.constant(f"{name}.limit{index}", np.float32(limit))
        for index, limit in enumerate(limits)
    ]


def _pads(padding: int, extents: Sequence[int], kernel: Sequence[int], strides: Sequence[int], spread: Sequence[int]):
    """ONNX's pads: what SAME adds, more at the end."""
    if padding != SAME:
        return [0] * 4
    before, after = [], []
    for extent, taps, stride, dilation in zip(extents, kernel, strides, spread, strict=True):
        total = max(0, (-(-extent // stride) - 1) * stride + (taps - 1) * dilation + 1 - extent)
        before.append(total // 2)
        after.append(total - total // 2)
    return before + after


def _convolution(writer: OnnxWriter, operator: TfliteOperator, depthwise: bool) -> None:
    options = _options(operator, "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions")
    source, kernel = writer.tensor(operator.inputs[0]), writer.tensor(operator.inputs[1])
    strides, spread = ([options.StrideH(), options.StrideW()], [options.DilationHFactor(), options.DilationWFactor()])
    order = (3, 0, 1, 2) if depthwise else (0, 3, 1, 2)
    taps, channels = kernel.shape[1:3], source.shape[3]
    groups = channels if depthwise else channels // kernel.shape[3]
    inputs = [writer.image(operator.inputs[0]), writer.weights(operator.inputs[1], order, 0)]
    if len(operator.inputs) > 2 and operator.inputs[2] >= 0:
        inputs.append(writer.name(operator.inputs[2]))
    value = writer.node(
        "Conv", inputs, _out(writer, operator), strides=strides, dilations=spread, group=groups, kernel_shape=taps,
        pads=_pads(options.Padding(), source.shape[1:3], taps, strides, spread),
    )  # fmt: skip
    writer.made(operator, _activated(writer, operator, value, options.FusedActivationFunction()), image=True)


def _dense(writer: OnnxWriter, operator: TfliteOperator) -> None:
    options = _options(operator, "FullyConnectedOptions")
    if options.WeightsFormat():
        raise operator.refuse("shuffled weights: must be in their order")
    columns = writer.tensor(operator.inputs[1]).shape[1]
    source, name = writer.tensor(operator.inputs[0]), _out(writer, operator)
    vector = writer.name(operator.inputs[0])
    if source.shape[-1] != columns or len(source.shape) != 2:
        shape = writer.constant(f"{name}.rows", np.array([-1, columns], np.int64))
        vector = writer.node("Reshape", [vector, shape], f"{name}.flat")
    inputs = [vector, writer.weights(operator.inputs[1], (0, 1), 0)]
    if len(operator.inputs) > 2 and operator.inputs[2] >= 0:
        inputs.append(writer.name(operator.inputs[2]))
    value = writer.node("Gemm", inputs, name, transB=1)
    value = _activated(writer, operator, value, options.FusedActivationFunction())
    wanted = writer.tensor(operator.outputs[0]).shape
    if len(wanted) != 2:
        shape = writer.constant(f"{name}.shape", np.array(wanted, np.int64))
        value = writer.node("Reshape", [value, shape], f"{name}.out")
    writer.made(operator, value)


def _pool(writer: OnnxWriter, operator: TfliteOperator, kind: str) -> None:
    options, source = _options(operator, "Pool2DOptions"), writer.tensor(operator.inputs[0])
    kernel, strides = [options.FilterHeight(), options.FilterWidth()], [options.StrideH(), options.StrideW()]
    pads = _pads(options.Padding(), source.shape[1:3], kernel, strides, (1, 1))
    image, name = writer.image(operator.inputs[0]), _out(writer, operator)
    value = writer.node(kind, [image], name, kernel_shape=kernel, strides=strides, pads=pads)
    writer.made(operator, _activated(writer, operator, value, options.FusedActivationFunction()), image=True)


def _each(kind: str, **attributes: float) -> Rule:
    """A function of each element, in the layout that its input has."""

    def rule(writer: OnnxWriter, operator: TfliteOperator) -> None:
        image = writer.is_image(operator.inputs[0])
        source = (writer.image if image else writer.name)(operator.inputs[0])
        more = dict(attributes)
        if kind == "LeakyRelu":
            more["alpha"] = float(_options(operator, "LeakyReluOptions").Alpha())
        writer.made(operator, writer.node(kind, [source], _out(writer, operator), **more), image)

    return rule


def _held(low: float | None, high: float | None) -> Rule:
    """Held between limits."""

    def rule(writer: OnnxWriter, operator: TfliteOperator) -> None:
        image, name = writer.is_image(operator.inputs[0]), _out(writer, operator)
        source = (writer.image if image else writer.name)(operator.inputs[0])
        writer.made(operator, writer.node("Clip", [source, *_limits(writer, name, (low, high))], name), image)

    return rule


def _extreme(writer: OnnxWriter, operator: TfliteOperator) -> None:
    """The larger or smaller of a tensor and a number."""
    data = [writer.tensor(index).data for index in operator.inputs]
    at = next((k for k, each in enumerate(data) if each is not None and each.size == 1), None)
    if at is None:
        raise operator.refuse("of two tensors: must be of a tensor and one number")
    limit = float(writer.tensor(operator.inputs[at]).values().ravel()[0])
    index, name = operator.inputs[1 - at], _out(writer, operator)
    image = writer.is_image(index)
    limits = (limit, None) if operator.kind == "MAXIMUM" else (None, limit)
    source = (writer.image if image else writer.name)(index)
    inputs = [source, *_limits(writer, name, limits)]
    writer.made(operator, writer.node("Clip", inputs[:2] if limits[1] is None else inputs, name), image)


def _arithmetic(kind: str, options: str) -> Rule:
    def rule(writer: OnnxWriter, operator: TfliteOperator) -> None:
        function = _options(operator, options).FusedActivationFunction()
        inputs = [writer.name(index) for index in operator.inputs]
        value = writer.node(kind, inputs, _out(writer, operator))
        writer.made(operator, _activated(writer, operator, value, function))

    return rule


def _reshape(writer: OnnxWriter, operator: TfliteOperator) -> None:
    """What keeps the order of elements: the shape is that of the output."""
    shape = writer.constant(f"{_out(writer, operator)}.shape", np.array(writer.tensor(operator.outputs[0]).shape))
    value = writer.node("Reshape", [writer.name(operator.inputs[0]), shape], _out(writer, operator))
    writer.made(operator, value, moved=True)


def _concat(writer: OnnxWriter, operator: TfliteOperator) -> None:
    options = _options(operator, "ConcatenationOptions")
    inputs = [writer.name(index) for index in operator.inputs]
    value = writer.node("Concat", inputs, _out(writer, operator), axis=options.Axis())
    writer.made(operator, _activated(writer, operator, value, options.FusedActivationFunction()))


def _whole(writer: OnnxWriter, operator: TfliteOperator, at: int) -> np.ndarray:
    """An input that says where something lies."""
    data = writer.tensor(operator.inputs[at]).data
    if data is None:
        raise operator.refuse(f"input {at}: must be a constant")
    return data.astype(np.int64)


def _strided_slice(writer: OnnxWriter, operator: TfliteOperator) -> None:
    options, shape = _options(operator, "StridedSliceOptions"), writer.tensor(operator.inputs[0]).shape
    if options.EllipsisMask() or options.NewAxisMask():
        raise operator.refuse("ellipsis and new axes: must be left out")
    begin, end, step = (_whole(writer, operator, at).ravel() for at in (1, 2, 3))
    if step.min(initial=1) < 1:
        raise operator.refuse(f"steps {step.tolist()}: must be at least 1")
    starts, stops = [], []
    for axis, (first, last) in enumerate(zip(begin.tolist(), end.tolist(), strict=True)):
        starts.append(0 if options.BeginMask() >> axis & 1 else first)
        if options.ShrinkAxisMask() >> axis & 1:
            stops.append(first + 1 if first != -1 else shape[axis])
        else:
            stops.append(shape[axis] if options.EndMask() >> axis & 1 else last)
    _sliced(writer, operator, starts, stops, step.tolist())


def _slice(writer: OnnxWriter, operator: TfliteOperator) -> None:
    begin, size = (_whole(writer, operator, at).ravel() for at in (1, 2))
    shape = writer.tensor(operator.inputs[0]).shape
    stops = [extent if many < 0 else first + many for first, many, extent in zip(begin, size, shape, strict=True)]
    _sliced(writer, operator, begin.tolist(), stops, [1] * len(shape))


def _sliced(
    writer: OnnxWriter, operator: TfliteOperator, starts: list[int], stops: list[int], steps: list[int]
) -> None:
    name = _out(writer, operator)
    parts = (starts, stops, list(range(len(starts))), steps)
    keys = [writer.constant(f"{name}.{at}", np.array(each, np.int64)) for at, each in enumerate(parts)]
    value = writer.node("Slice", [writer.name(operator.inputs[0]), *keys], name)
    wanted = writer.tensor(operator.outputs[0]).shape
    shape = writer.constant(f"{name}.shape", np.array(wanted, np.int64))
    writer.made(operator, writer.node("Reshape", [value, shape], f"{name}.out"), moved=True)


def _split(writer: OnnxWriter, operator: TfliteOperator) -> None:
    """Parts along an axis, each a slice; SPLIT names the axis first, SPLIT_V last."""
    source = operator.inputs[1] if operator.kind == "SPLIT" else operator.inputs[0]
    axis = int(_whole(writer, operator, 0 if operator.kind == "SPLIT" else 2).ravel()[0])
    start, value = 0, writer.name(source)
    axis %= len(writer.tensor(source).shape)
    for at, output in enumerate(operator.outputs):
        tensor = writer.tensor(output)
        stop, name = start + tensor.shape[axis], f"{tensor.name}.exact"
        parts = ([start], [stop], [axis])
        keys = [writer.constant(f"{name}.{k}", np.array(each, np.int64)) for k, each in enumerate(parts)]
        writer.made(operator, writer.node("Slice", [value, *keys], name), at=at, moved=True)
        start = stop


def _pad(writer: OnnxWriter, operator: TfliteOperator) -> None:
    if len(operator.inputs) > 2:
        raise operator.refuse("another value than 0: must be 0")
    pads = _whole(writer, operator, 1)
    key = writer.constant(f"{_out(writer, operator)}.pads", pads.T.ravel())
    value = writer.node("Pad", [writer.name(operator.inputs[0]), key], _out(writer, operator))
    writer.made(operator, value, moved=True)


def _transpose(writer: OnnxWriter, operator: TfliteOperator) -> None:
    order = _whole(writer, operator, 1).ravel().tolist()
    value = writer.node("Transpose", [writer.name(operator.inputs[0])], _out(writer, operator), perm=order)
    writer.made(operator, value, moved=True)


def _reduce(kind: str) -> Rule:
    def rule(writer: OnnxWriter, operator: TfliteOperator) -> None:
        keep = int(_options(operator, "ReducerOptions").KeepDims())
        axes = writer.constant(f"{_out(writer, operator)}.axes", _whole(writer, operator, 1).ravel())
        inputs = [writer.name(operator.inputs[0]), axes]
        writer.made(operator, writer.node(kind, inputs, _out(writer, operator), keepdims=keep))

    return rule


def _softmax(writer: OnnxWriter, operator: TfliteOperator) -> None:
    if _options(operator, "SoftmaxOptions").Beta() != 1.0:
        raise operator.refuse("beta: must be 1")
    writer.made(operator, writer.node("Softmax", [writer.name(operator.inputs[0])], _out(writer, operator), axis=-1))


def _requantised(writer: OnnxWriter, operator: TfliteOperator) -> None:
    """From one grid to another, or to floats: the value is the same."""
    image = writer.is_image(operator.inputs[0])
    writer.made(operator, (writer.image if image else writer.name)(operator.inputs[0]), image)


def _refused(said: str) -> Rule:
    def rule(writer: OnnxWriter, operator: TfliteOperator) -> None:
        raise InputError(said)

    return rule


RULES: Mapping[str, Rule] = {
    "CONV_2D": lambda writer, operator: _convolution(writer, operator, depthwise=False),
    "DEPTHWISE_CONV_2D": lambda writer, operator: _convolution(writer, operator, depthwise=True),
    "FULLY_CONNECTED": _dense,
    "MAX_POOL_2D": lambda writer, operator: _pool(writer, operator, "MaxPool"),
    "AVERAGE_POOL_2D": lambda writer, operator: _pool(writer, operator, "AveragePool"),
    "LOGISTIC": _each("Sigmoid"),
    "TANH": _each("Tanh"),
    "RELU": _each("Relu"),
    "RELU6": _held(0.0, 6.0),
    "RELU_N1_TO_1": _held(-1.0, 1.0),
    "LEAKY_RELU": _each("LeakyRelu"),
    "HARD_SWISH": _each("HardSwish"),
    "SQRT": _each("Sqrt"),
    "MAXIMUM": _extreme,
    "MINIMUM": _extreme,
    "ADD": _arithmetic("Add", "AddOptions"),
    "SUB": _arithmetic("Sub", "SubOptions"),
    "MUL": _arithmetic("Mul", "MulOptions"),
    "RESHAPE": _reshape,
    "SQUEEZE": _reshape,
    "EXPAND_DIMS": _reshape,
    "CONCATENATION": _concat,
    "STRIDED_SLICE": _strided_slice,
    "SLICE": _slice,
    "SPLIT": _split,
    "SPLIT_V": _split,
    "PAD": _pad,
    "TRANSPOSE": _transpose,
    "MEAN": _reduce("ReduceMean"),
    "SUM": _reduce("ReduceSum"),
    "SOFTMAX": _softmax,
    "QUANTIZE": _requantised,
    "DEQUANTIZE": _requantised,
    "IF": _refused("depends on the inputs: must be left out"),
}
