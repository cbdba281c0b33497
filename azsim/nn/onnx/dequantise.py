"""The float twin of a model that came quantised, and the scales that its weights came with.

::

    DequantizeLinear(int8 constant)                       the float array; its scales are kept
    QuantizeLinear -> DequantizeLinear of a tensor        left out; its grid is kept, or one that holds its range; a
                                                          grid that begins at zero holds values from below: a Relu
    DynamicQuantizeLinear, MatMulInteger, Cast, Mul       MatMul of floats
    DynamicQuantizeLSTM                                   LSTM

``weight = scale * (integer - zero point)``: exact where the difference is int8, refused by the node's name elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from azsim.errors import InputError
from azsim.nn.graph.tensor import LIMITS, Grid
from azsim.nn.onnx.edit import Edit, drop_dead
from azsim.nn.onnx.model import graphs_in, onnx_package
from azsim.nn.onnx.places import MOVING

KEEPING_SIGNS = MOVING | {"QuantizeLinear", "DequantizeLinear", "MaxPool", "GlobalMaxPool", "AveragePool"}
"""Operators whose output has nothing below 0 where their input has not."""
KINDS = (
    "DequantizeLinear", "QuantizeLinear", "DynamicQuantizeLinear", "MatMulInteger", "ConvInteger",
    "DynamicQuantizeLSTM", "DynamicQuantizeMatMul",
)  # fmt: skip


@dataclass
class Twin:
    """A model in float.

    Attributes:
        model: the ``ModelProto``.
        scales: constant -> float32 array of its shape: what 1 stands for at each place.
        grids: tensor -> the grid that the model states; where its zero lies elsewhere, the one around zero that holds
            what that holds.
        changed: whether anything was quantised.
    """

    model: object
    scales: dict[str, np.ndarray] = field(default_factory=dict)
    grids: dict[str, Grid] = field(default_factory=dict)
    changed: bool = False


def float_twin(model: object) -> Twin:
    """The model with its quantised parts in float.

    Raises:
        InputError: integers minus their zero point are no int8, or a quantised node is used in a way that is not known.
    """
    twin = Twin(type(model).FromString(model.SerializeToString()))
    problems: list[str] = []
    outer: dict[str, np.ndarray] = {}
    for graph in graphs_in(twin.model.graph):
        if not any(node.op_type in KINDS for node in graph.node):
            outer |= Edit(graph, {}).constants
            continue
        twin.changed = True
        edit = Edit(graph, outer)
        for node in list(graph.node):
            rule = _RULES.get(node.op_type)
            if rule is not None and id(node) not in edit.gone:
                try:
                    rule(node, edit, twin)
                except InputError as error:
                    problems.append(f"node {node.name} ({node.op_type}): {error}")
        edit.finish()
        drop_dead(graph)
    if problems:
        raise InputError("; ".join(problems))
    return twin


def _weights(name: str, scale: str, zero: str, axis: int, edit: Edit, what: str) -> tuple[np.ndarray, np.ndarray]:
    """A quantised constant in float, and the scale at each place.

    Raises:
        InputError: it is none, or its integers do not fit int8.
    """
    if name not in edit.constants or scale not in edit.constants or (zero and zero not in edit.constants):
        raise InputError(f"{what}: must be constants")
    values = np.asarray(edit.constants[name]).astype(np.int64)
    steps = np.asarray(edit.constants[scale], np.float32)
    point = np.zeros((), np.int64) if not zero else np.asarray(edit.constants[zero]).astype(np.int64)
    integers = values - _along(point, values.shape, axis)
    full = np.broadcast_to(_along(steps, values.shape, axis), values.shape).astype(np.float32)
    if not (np.isfinite(full).all() and (full > 0).all()):
        raise InputError(f"{what}: scale: must be positive numbers")
    if edit.constants[name].dtype != np.int32 and (integers.min(initial=0) < -128 or integers.max(initial=0) > 127):
        low, high = int(integers.min()), int(integers.max())
        raise InputError(f"{what}: minus the zero point they lie from {low} to {high}: must fit int8 (-128 to 127)")
    return (integers * full.astype(np.float64)).astype(np.float32), full


def _along(values: np.ndarray, shape: tuple[int, ...], axis: int) -> np.ndarray:
    """A scalar, or one value for each place (or block of places) along an axis, to be broadcast."""
    if values.size == 1:
        return values.reshape(())
    axis %= len(shape)
    if values.ndim == 1 and values.size == shape[axis]:
        return values.reshape([-1 if index == axis else 1 for index in range(len(shape))])
    if values.ndim == len(shape) and shape[axis] % values.shape[axis] == 0:
        return np.repeat(values, shape[axis] // values.shape[axis], axis=axis)
    raise InputError(f"scales of shape {values.shape} for {shape} along axis {axis}: do not fit")


def _attribute(node: object, name: str, default: int) -> int:
    return next((each.i for each in node.attribute if each.name == name), default)


def _input(node: object, index: int) -> str:
    return node.input[index] if index < len(node.input) else ""


def _keep(edit: Edit, twin: Twin, name: str, values: np.ndarray, full: np.ndarray) -> None:
    edit.add_constant(name, values)
    twin.scales[name] = full


def _dequantize(node: object, edit: Edit, twin: Twin) -> None:
    source, axis = node.input[0], _attribute(node, "axis", 1)
    if source in edit.constants:
        values, full = _weights(source, node.input[1], _input(node, 2), axis, edit, "integers")
        edit.remove(node)
        if edit.constants[source].dtype == np.int32:
            edit.add_constant(node.output[0], values)
        else:
            _keep(edit, twin, node.output[0], values, full)
        return
    maker = edit.makers.get(source)
    if maker is None or maker.op_type != "QuantizeLinear":
        raise InputError(f"input {source}: must be a constant, or come from a QuantizeLinear")
    tensor = maker.input[0]
    if _begins_at_zero(maker, edit) and not _never_negative(tensor, edit):
        tensor = node.output[0]
        edit.replace(node, "Relu", [maker.input[0]], [tensor])
    elif node.output[0] in {each.name for each in edit.graph.output}:
        edit.replace(node, "Identity", [tensor], [node.output[0]])
    else:
        edit.rename(node.output[0], tensor)
        edit.remove(node)
    grid = _grid(maker, edit)
    if grid is not None:
        twin.grids[tensor] = grid


def _begins_at_zero(maker: object, edit: Edit) -> bool:
    """Whether the smallest value of a QuantizeLinear's grid is 0, as quantisers leave a Relu out for."""
    point = edit.constants.get(_input(maker, 2), np.zeros((), np.uint8))
    return point.size == 1 and point.dtype.kind in "iu" and int(point.ravel()[0]) == np.iinfo(point.dtype).min


def _never_negative(tensor: str, edit: Edit) -> bool:
    """Whether a tensor is known to hold nothing below 0; an input is taken as it is."""
    waiting, seen = [tensor], {tensor}
    while waiting:
        maker = edit.makers.get(waiting.pop())
        if maker is None or maker.op_type in ("Relu", "Sigmoid", "Softmax", "HardSigmoid"):
            continue
        if maker.op_type == "QuantizeLinear" and _begins_at_zero(maker, edit):
            continue
        if maker.op_type == "Clip":
            low = edit.scalar(_input(maker, 1)) if _input(maker, 1) else None
            if low is None or low < 0:
                return False
        elif maker.op_type in KEEPING_SIGNS:
            more = maker.input if maker.op_type == "Concat" else maker.input[:1]
            waiting += [name for name in more if name not in seen]
            seen.update(more)
        else:
            return False
    return True


def _grid(maker: object, edit: Edit) -> Grid | None:
    """The grid of a tensor that a QuantizeLinear rounds; None where it has one for each channel, or other bits."""
    scale = edit.scalar(maker.input[1])
    point = edit.constants.get(_input(maker, 2), np.zeros((), np.uint8))
    if scale is None or not 0 < scale < float("inf") or point.size != 1 or point.dtype.kind not in "iu":
        return None
    limits, bits = np.iinfo(point.dtype), 8 * point.dtype.itemsize
    if bits not in (8, 16):
        return None
    zero, middle = int(point.ravel()[0]), (limits.min + limits.max + 1) // 2
    if zero == middle:
        return Grid(bits, scale)
    reach = max(zero - limits.min, limits.max - zero)
    return Grid(bits, scale * reach / LIMITS[bits])


def _quantize(node: object, edit: Edit, twin: Twin) -> None:
    """Of a constant: its integers; of a tensor: left to the DequantizeLinear behind it."""
    source = node.input[0]
    if source not in edit.constants:
        return
    onnx = onnx_package()
    model = onnx.helper.make_model(
        onnx.helper.make_graph(
            [node],
            "constant",
            [],
            [onnx.helper.make_tensor_value_info(node.output[0], 0, None)],
            [
                onnx.numpy_helper.from_array(np.ascontiguousarray(edit.constants[name]), name)
                for name in node.input
                if name
            ],
        ),
        opset_imports=[onnx.helper.make_opsetid("", 19)],
    )
    (values,) = onnx.reference.ReferenceEvaluator(model).run(None, {})
    edit.add_constant(node.output[0], np.asarray(values))
    edit.remove(node)


def _matmul_integer(node: object, edit: Edit, twin: Twin) -> None:
    """``Mul(Cast(MatMulInteger(x, w)), Mul(scale of x, scale of w))``, as dynamic quantisation writes it."""
    maker = edit.makers.get(node.input[0])
    if maker is None or maker.op_type != "DynamicQuantizeLinear":
        raise InputError(f"input {node.input[0]}: must come from a DynamicQuantizeLinear")
    casts = edit.readers(node.output[0])
    scaled = edit.readers(casts[0].output[0]) if len(casts) == 1 and casts[0].op_type == "Cast" else []
    if len(scaled) != 1 or scaled[0].op_type != "Mul":
        raise InputError("its sums: must be cast and multiplied with the scales of both operands")
    (last,) = scaled
    (factor,) = [name for name in last.input if name != casts[0].output[0]]
    both = edit.makers.get(factor)
    scale = None
    if both is not None and both.op_type == "Mul" and maker.output[1] in both.input:
        scale = next(name for name in both.input if name != maker.output[1])
    if scale is None or scale not in edit.constants:
        raise InputError("its sums: must be multiplied with the scale of its input and a constant")
    name, conv = f"{node.name or node.output[0]}.weights", node.op_type == "ConvInteger"
    values, full = _weights(node.input[1], scale, _input(node, 3), 0 if conv else -1, edit, "weights")
    _keep(edit, twin, name, values, full)
    attributes = {each.name: onnx_package().helper.get_attribute_value(each) for each in node.attribute} if conv else {}
    edit.replace(last, "Conv" if conv else "MatMul", [maker.input[0], name], [last.output[0]], **attributes)
    edit.remove(node), edit.remove(casts[0])


def _matmul_float(node: object, edit: Edit, twin: Twin) -> None:
    """``DynamicQuantizeMatMul``: a product with int8 weights whose input stays float."""
    name = f"{node.name or node.output[0]}.weights"
    values, full = _weights(node.input[1], node.input[2], _input(node, 3), -1, edit, "weights")
    _keep(edit, twin, name, values, full)
    if _input(node, 4):
        raise InputError("bias: must be an Add of its own")
    edit.replace(node, "MatMul", [node.input[0], name], [node.output[0]])


def _lstm(node: object, edit: Edit, twin: Twin) -> None:
    """Inputs: X, W, R, B, lengths, h, c, P, scale and zero point of W, then of R; weights lie the other way round."""
    names = []
    for what, index, scale in (("W", 1, 8), ("R", 2, 10)):
        name = f"{node.name or node.output[0]}.{what}"
        source = edit.constants.get(node.input[index])
        if source is None or source.ndim != 3 or source.shape[0] != 1:
            raise InputError(f"{what}: must be a constant of one direction")
        values, full = _weights(node.input[index], _input(node, scale), _input(node, scale + 1), -1, edit, what)
        _keep(edit, twin, name, values.transpose(0, 2, 1), full.transpose(0, 2, 1))
        names.append(name)
    attributes = {each.name: onnx_package().helper.get_attribute_value(each) for each in node.attribute}
    inputs = [node.input[0], *names, *node.input[3:8]]
    while inputs and not inputs[-1]:
        inputs.pop()
    edit.replace(node, "LSTM", inputs, list(node.output), **attributes)


_RULES: Mapping[str, object] = {
    "DequantizeLinear": _dequantize,
    "QuantizeLinear": _quantize,
    "MatMulInteger": _matmul_integer,
    "ConvInteger": _matmul_integer,
    "DynamicQuantizeMatMul": _matmul_float,
    "DynamicQuantizeLSTM": _lstm,
}
