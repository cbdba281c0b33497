"""Functions that models write out in several nodes and the processor has as one: GELU, SiLU, the size of a complex."""

from __future__ import annotations

import math

from azsim.nn.onnx.edit import Edit, drop_dead
from azsim.nn.onnx.model import graphs_in


def fuse(model: object) -> None:
    """Change a model in place.

    ``x / sqrt 2 -> Erf -> + 1 -> * x -> * 0.5`` (the factors in any order) becomes ``Gelu``; ``x * Sigmoid(x)``
    becomes ``Swish``; ``Sqrt(a^2 + b^2)`` becomes a magnitude.
    """
    for graph in graphs_in(model.graph):
        edit = Edit(graph, {})
        for node in list(graph.node):
            if node.op_type == "Erf":
                _gelu(node, edit)
            elif node.op_type == "Sigmoid":
                _silu(node, edit)
            elif node.op_type == "Sqrt":
                _magnitude(node, edit)
        edit.finish()
        drop_dead(graph)


def _other(node: object, name: str) -> str:
    return node.input[1] if node.input[0] == name else node.input[0]


def _only_reader(edit: Edit, name: str, kind: str) -> object | None:
    readers = edit.readers(name)
    asked = {each.name for each in edit.graph.output}
    return readers[0] if len(readers) == 1 and readers[0].op_type == kind and name not in asked else None


def _silu(node: object, edit: Edit) -> None:
    product = _only_reader(edit, node.output[0], "Mul")
    if product is not None and _other(product, node.output[0]) == node.input[0]:
        edit.replace(product, "Swish", [node.input[0]], [product.output[0]])


def _magnitude(node: object, edit: Edit) -> None:
    added = edit.makers.get(node.input[0])
    if added is not None and added.op_type == "Add":
        parts = [_squared(edit.makers.get(name), edit) for name in added.input]
        if all(parts):
            edit.replace(node, "azsim.Magnitude", parts, [node.output[0]])


def _squared(node: object | None, edit: Edit) -> str:
    """What a node squares, empty where it does not."""
    if node is not None and node.op_type == "Pow" and edit.scalar(node.input[1]) == 2.0:
        return node.input[0]
    if node is not None and node.op_type == "Mul" and node.input[0] == node.input[1]:
        return node.input[0]
    return ""


def _gelu(node: object, edit: Edit) -> None:
    steep = edit.makers.get(node.input[0])
    source = None
    if steep is not None and steep.op_type in ("Div", "Mul"):
        numbers = [edit.scalar(name) for name in steep.input]
        wanted = math.sqrt(2.0) if steep.op_type == "Div" else math.sqrt(0.5)
        at = next((index for index, value in enumerate(numbers) if value is not None), None)
        if (
            at is not None
            and math.isclose(numbers[at], wanted, rel_tol=1e-4)
            and not (steep.op_type == "Div" and at == 0)
        ):
            source = steep.input[1 - at]
    added = _only_reader(edit, node.output[0], "Add")
    if source is None or added is None or edit.scalar(_other(added, node.output[0])) != 1.0:
        return
    first = _only_reader(edit, added.output[0], "Mul")
    if first is None:
        return
    factor = _other(first, added.output[0])
    half = edit.makers.get(factor)
    if half is not None and half.op_type == "Mul" and sorted(half.input) == sorted((source, _half(half, edit))):
        edit.replace(first, "Gelu", [source], [first.output[0]])  # (x * 0.5) (1 + erf)
        return
    last = _only_reader(edit, first.output[0], "Mul")
    if last is not None and {factor, _other(last, first.output[0])} == {
        source,
        _half(last, edit) or _half(first, edit),
    }:
        edit.replace(last, "Gelu", [source], [last.output[0]])


def _half(node: object, edit: Edit) -> str:
    """The input of a product that is 0.5, empty where none is."""
    return next((name for name in node.input if edit.scalar(name) == 0.5), "")
