"""Nodes of ONNX that are several of ours: split, gather by constants, powers, hard functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

import numpy as np

from azsim import budget
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode, axis_of

Constants = dict[str, np.ndarray]


def rewritten(node: OnnxNode, builder: OnnxBuilder, constants: Constants) -> list[OnnxNode]:
    """The nodes that take a node's place; itself where nothing has to.

    Args:
        node: of a model, its inputs known to the builder.
        builder: for shapes and constants.
        constants: where new ones go; the builder's own.

    Raises:
        InputError: an attribute has no counterpart.
    """
    rule = _RULES.get(node.kind)
    return [node] if rule is None else rule(node, builder, constants)


def _split(node: OnnxNode, builder: OnnxBuilder, constants: Constants) -> list[OnnxNode]:
    shape = builder.shape(node)
    axis = axis_of(node, node.integer("axis", 0), len(shape))
    given = builder.optional(node, 1)
    if given is not None:
        sizes = [int(each) for each in given.ravel()]
    else:
        count = node.integer("num_outputs", len(node.outputs))
        size = -(-shape[axis] // count)
        sizes = [min(size, shape[axis] - size * part) for part in range(count)]
    if sum(sizes) != shape[axis] or min(sizes) < 1 or len(sizes) < len(node.outputs):
        raise node.refuse(f"parts {sizes} of {shape[axis]}: do not fit")
    made, start = [], 0
    for part, (size, output) in enumerate(zip(sizes, node.outputs)):
        if output:
            made.append(_slice(f"{node.name}.{part}", node.inputs[0], output, axis, (start, start + size), constants))
        start += size
    return made


def _gather(node: OnnxNode, builder: OnnxBuilder, constants: Constants) -> list[OnnxNode]:
    """Rows of a tensor at constant places; an index into a constant stays what it is."""
    if node.inputs[0] in constants or node.inputs[1] not in constants:
        return [node]
    shape, places = builder.shape(node), builder.constant(node, 1)
    axis = axis_of(node, node.integer("axis", 0), len(shape))
    wanted = [int(each) % shape[axis] if -shape[axis] <= each < shape[axis] else -1 for each in places.ravel()]
    if -1 in wanted or not wanted:
        raise node.refuse(f"places {places.ravel()[:8].tolist()}: must lie within {shape[axis]}")
    made, names = [], []
    for part, (start, stop) in enumerate(_runs(wanted)):
        names.append(f"{node.outputs[0]}.{part}")
        made.append(_slice(f"{node.name}.{part}", node.inputs[0], names[-1], axis, (start, stop), constants))
    joined = names[0]
    if len(names) > 1:
        joined = f"{node.outputs[0]}.joined"
        made.append(OnnxNode(f"{node.name}.joined", "Concat", tuple(names), (joined,), {"axis": axis}))
    target = (*shape[:axis], *places.shape, *shape[axis + 1 :])
    key = _constant(constants, f"{node.name}.shape", np.array(target, np.int64))
    return [*made, OnnxNode(f"{node.name}.out", "Reshape", (joined, key), node.outputs[:1], {})]


def _runs(wanted: list[int]) -> list[tuple[int, int]]:
    """Rising runs, as start and stop."""
    found = [[wanted[0], wanted[0] + 1]]
    for each in wanted[1:]:
        if each == found[-1][1]:
            found[-1][1] += 1
        else:
            found.append([each, each + 1])
    return [(start, stop) for start, stop in found]


def _power(node: OnnxNode, builder: OnnxBuilder, constants: Constants) -> list[OnnxNode]:
    exponent = builder.constant(node, 1)
    if exponent.size != 1 or float(exponent.ravel()[0]) not in (0.5, 1.0, 2.0, 3.0):
        raise node.refuse(f"exponent {exponent.ravel()[:4].tolist()}: must be 0.5, 1, 2 or 3")
    source, (output, *_) = node.inputs[0], node.outputs
    match float(exponent.ravel()[0]):
        case 0.5:
            return [OnnxNode(node.name, "Sqrt", (source,), (output,))]
        case 1.0:
            return [OnnxNode(node.name, "Identity", (source,), (output,))]
        case 2.0:
            return [OnnxNode(node.name, "Mul", (source, source), (output,))]
    square = f"{output}.square"
    return [
        OnnxNode(f"{node.name}.square", "Mul", (source, source), (square,)),
        OnnxNode(node.name, "Mul", (square, source), (output,)),
    ]


def _hard_sigmoid(node: OnnxNode, builder: OnnxBuilder, constants: Constants) -> list[OnnxNode]:
    return _hard(node, constants, node.number("alpha", 0.2), node.number("beta", 0.5), node.outputs[0])


def _hard_swish(node: OnnxNode, builder: OnnxBuilder, constants: Constants) -> list[OnnxNode]:
    gate = f"{node.outputs[0]}.gate"
    return [
        *_hard(node, constants, 1 / 6, 0.5, gate),
        OnnxNode(f"{node.name}.gated", "Mul", (node.inputs[0], gate), node.outputs),
    ]


def _hard(node: OnnxNode, constants: Constants, slope: float, offset: float, output: str) -> list[OnnxNode]:
    keys = {
        name: _constant(constants, f"{node.name}.{name}", np.array(value, np.float32))
        for name, value in (("slope", slope), ("offset", offset), ("low", 0.0), ("high", 1.0))
    }
    steep, moved = f"{output}.steep", f"{output}.moved"
    return [
        OnnxNode(f"{node.name}.steep", "Mul", (node.inputs[0], keys["slope"]), (steep,)),
        OnnxNode(f"{node.name}.moved", "Add", (steep, keys["offset"]), (moved,)),
        OnnxNode(f"{node.name}.held", "Clip", (moved, keys["low"], keys["high"]), (output,)),
    ]


def _negative(node: OnnxNode, builder: OnnxBuilder, constants: Constants) -> list[OnnxNode]:
    key = _constant(constants, f"{node.name}.minus", np.array(-1.0, np.float32))
    return [OnnxNode(node.name, "Mul", (node.inputs[0], key), node.outputs)]


def _difference(node: OnnxNode, builder: OnnxBuilder, constants: Constants) -> list[OnnxNode]:
    """A constant less a tensor: the tensor times -1, plus the constant."""
    if node.inputs[0] not in constants:
        return [node]
    key, minus = _constant(constants, f"{node.name}.minus", np.array(-1.0, np.float32)), f"{node.outputs[0]}.minus"
    return [
        OnnxNode(f"{node.name}.minus", "Mul", (node.inputs[1], key), (minus,)),
        OnnxNode(node.name, "Add", (minus, node.inputs[0]), node.outputs),
    ]


def _softmax(node: OnnxNode, builder: OnnxBuilder, constants: Constants) -> list[OnnxNode]:
    """Along any axis: it is brought to the end and back."""
    axes = len(builder.shape(node))
    axis = axis_of(node, node.integer("axis", -1), axes)
    if axis == axes - 1:
        return [node]
    order = [each for each in range(axes) if each != axis] + [axis]
    back = [order.index(each) for each in range(axes)]
    last, shares = f"{node.outputs[0]}.last", f"{node.outputs[0]}.shares"
    return [
        OnnxNode(f"{node.name}.last", "Transpose", node.inputs[:1], (last,), {"perm": order}),
        OnnxNode(node.name, "Softmax", (last,), (shares,), {"axis": -1}),
        OnnxNode(f"{node.name}.back", "Transpose", (shares,), node.outputs[:1], {"perm": back}),
    ]


def _expand(node: OnnxNode, builder: OnnxBuilder, constants: Constants) -> list[OnnxNode]:
    """Repeated along axes: added to zeros of the shape that is asked for."""
    wanted = [int(each) for each in builder.constant(node, 1)]
    try:
        shape = np.broadcast_shapes(builder.shape(node), tuple(wanted))
    except ValueError:
        raise node.refuse(f"shape {wanted}: does not fit {builder.shape(node)}") from None
    budget.require(8 * prod(shape), what=f"node {node.name}: an array of shape {shape}")
    key = _constant(constants, f"{node.name}.zeros", np.zeros(shape, np.float32))
    return [OnnxNode(node.name, "Add", (node.inputs[0], key), node.outputs[:1])]


def _alone(node: OnnxNode, builder: OnnxBuilder, constants: Constants) -> list[OnnxNode]:
    """What passes its first input on."""
    return [OnnxNode(node.name, "Identity", node.inputs[:1], node.outputs[:1])]


def _slice(name: str, source: str, output: str, axis: int, span: tuple[int, int], constants: Constants) -> OnnxNode:
    keys = [
        _constant(constants, f"{name}.{part}", np.array([value], np.int64))
        for part, value in (("start", span[0]), ("stop", span[1]), ("axis", axis))
    ]
    return OnnxNode(name, "Slice", (source, *keys), (output,), {})


def _constant(constants: Constants, name: str, value: np.ndarray) -> str:
    constants[name] = value
    return name


_RULES: Mapping[str, Callable[[OnnxNode, OnnxBuilder, Constants], list[OnnxNode]]] = {
    "Split": _split,
    "Gather": _gather,
    "Pow": _power,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _hard_swish,
    "Neg": _negative,
    "Softmax": _softmax,
    "Sub": _difference,
    "Expand": _expand,
    "Dropout": _alone,
}
REWRITTEN = frozenset(_RULES)
