"""LSTM and GRU of ONNX: gates in our order, a sequence ``(steps, 1, columns)`` as steps of a stream."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode
from azsim.nn.graph.operator import Operator
from azsim.nn.operators.reshape import Reshape
from azsim.nn.operators.slice import Slice
from azsim.nn.operators.stack import Stack
from azsim.nn.operators.unstack import Unstack


def recurrent_parameters(
    node: OnnxNode, builder: OnnxBuilder, units: int, gates: Sequence[int], candidate: bool = False
) -> dict[str, np.ndarray]:
    """``input``, ``recurrent`` and ``bias`` of a layer.

    Args:
        node: of one direction, forwards, with the usual activations.
        units: H.
        gates: for each of our gates where it stands in ONNX's order.
        candidate: the recurrent bias of the last gate stays apart, as ``candidate_bias``.

    Raises:
        InputError: it is another kind of layer.
    """
    if node.word("direction", "forward") != "forward" or node.integer("layout", 0):
        raise node.refuse("direction and layout: must be forward and 0")
    for name in ("activations", "clip", "activation_alpha", "activation_beta"):
        if name in node.attributes:
            raise node.refuse(f"{name}: must be left out")
    for index, name in ((4, "sequence_lens"), (5, "initial_h"), (6, "initial_c")):
        given = node.input(index)
        if given and not (builder.is_constant(given) and index > 4 and not np.any(builder.constants[given])):
            raise node.refuse(f"{name} ({given}): must be left out, or zeros")

    def ordered(rows: np.ndarray) -> np.ndarray:
        parts = rows.reshape(len(gates), units, *rows.shape[1:])
        return parts[list(gates)].reshape(rows.shape)

    input_weights, recurrent_weights = (builder.constant(node, index)[0] for index in (1, 2))
    if input_weights.shape[0] != len(gates) * units or recurrent_weights.shape != (len(gates) * units, units):
        raise node.refuse(
            f"weights of shapes {input_weights.shape} and {recurrent_weights.shape}: do not fit {units} units"
        )
    found = {"input": ordered(input_weights), "recurrent": ordered(recurrent_weights)}
    both = builder.optional(node, 3)
    if both is not None:
        first, second = (ordered(part) for part in np.split(both[0].astype(np.float32), 2))
        if candidate:
            found["candidate_bias"] = second[-units:].copy()
            second[-units:] = 0
        found["bias"] = first + second
    return found


def recurrent_from_onnx(
    node: OnnxNode,
    builder: OnnxBuilder,
    layer: Callable[[int], Operator],
    parameters: dict[str, np.ndarray],
) -> None:
    """The sequence taken apart, the layer, and its outputs joined again: ``Y`` and, where asked for, ``Y_h``.

    Args:
        node: to import.
        builder: of the graph.
        layer: makes the operator, given the steps after which its state begins anew (0: never).
        parameters: of it.

    Raises:
        InputError: the input is no sequence of one batch, or the cell state is asked for.
    """
    shape = builder.shape(node)
    if len(shape) != 3 or shape[1] != 1:
        raise node.refuse(f"input of shape {shape}: must be (steps, 1, columns)")
    if len(node.outputs) > 2 and node.outputs[2]:
        raise node.refuse("output Y_c: the cell state does not leave a layer")
    steps, _, columns = shape
    outputs = [name for name in node.outputs[:2] if name]
    if not outputs:
        raise node.refuse("has no output")

    def named(part: str) -> str:
        return f"{outputs[0]}.{part}"

    rows = builder.add(node, Reshape((steps, columns)), node.inputs[:1], named("rows"), part=".rows")
    each = builder.add(node, Unstack(), (rows,), named("each"), part=".each")
    hidden = builder.add(node, layer(steps if builder.restarts else 0), (each,), named("hidden"), parameters)
    joined = builder.add(node, Stack(steps, joined=False), (hidden,), named("joined"), part=".joined")
    units = builder.tensors[hidden].size
    if node.outputs[0]:
        builder.add(node, Reshape((steps, 1, 1, units)), (joined,), node.outputs[0], part=".out")
    if len(node.outputs) > 1 and node.outputs[1]:
        last = builder.add(node, Slice(0, steps - 1, 1), (joined,), named("last"), part=".last")
        builder.add(node, Reshape((1, 1, units)), (last,), node.outputs[1], part=".last.out")
