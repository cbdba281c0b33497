"""What a graph is without its numbers, as JSON: tensors, nodes with their operators' attributes, carried state.

::

    {"inputs": {"x": {"shape": [40]}}, "outputs": ["y"], "carried": [],
     "nodes": [{"name": "layer", "kind": "dense", "inputs": ["x"], "outputs": ["y"], "parameters": {"weights": "w"}}]}

Attributes at their defaults, and periods of 1, are left out.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import get_type_hints

import msgspec
import numpy as np

from azsim import budget
from azsim.errors import InputError, located, nearest
from azsim.explain import cut
from azsim.nn.graph.graph import Carried, Graph, Node
from azsim.nn.graph.operator import Operator
from azsim.nn.graph.tensor import Holds, Tensor
from azsim.nn.operators.registry import operator_of_kind

BYTES_PER_ELEMENT = 16
"""Of a tensor, as float32 and as integers, with room for what a node makes of it."""
MAX_EXTENT = 2**40
_PERIOD = re.compile(r"[1-9][0-9]{0,8}(/[1-9][0-9]{0,8})?")


class _Part(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    pass


class TensorText(_Part):
    """A tensor."""

    shape: tuple[int, ...]
    period: str = "1"
    holds: Holds = "values"


class NodeText(_Part):
    """A node; ``attributes`` are the fields of its operator."""

    name: str
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    parameters: dict[str, str] = {}
    attributes: dict[str, object] = {}


class CarriedText(_Part):
    """A carried state; whether it starts from an array that is stored."""

    name: str
    source: str
    tensor: TensorText
    starts: bool = False


class Topology(_Part):
    """All of a graph but its name and its arrays."""

    inputs: dict[str, TensorText]
    outputs: tuple[str, ...]
    nodes: tuple[NodeText, ...]
    carried: tuple[CarriedText, ...] = ()


def topology_of(graph: Graph) -> Topology:
    """What is written of a graph."""
    nodes = [node_text(each) for each in graph.nodes]
    carried = [
        CarriedText(each.name, each.source, _tensor_text(each.tensor), each.start is not None) for each in graph.carried
    ]
    inputs = {name: _tensor_text(tensor) for name, tensor in graph.inputs.items()}
    return Topology(inputs, graph.outputs, tuple(nodes), tuple(carried))


def node_text(node: Node) -> NodeText:
    """What is written of a node."""
    names = dict(node.parameters)
    return NodeText(node.name, node.operator.kind, node.inputs, node.outputs, names, _attributes(node))


def graph_of(
    name: str, topology: Topology, parameters: Mapping[str, np.ndarray], starts: Mapping[str, np.ndarray]
) -> Graph:
    """The graph that was written.

    Args:
        name: of the graph.
        topology: as it was read.
        parameters: name -> float32 array.
        starts: carried state -> its value before the first step, for those that have one.

    Raises:
        InputError: parts are missing, or do not fit each other.
    """
    carried = []
    for each in topology.carried:
        if each.starts != (each.name in starts):
            there = "missing" if each.starts else "is there, but nothing starts from it"
            raise InputError(f"state {each.name}: the array that it starts from: {there}")
        start = starts.get(each.name)
        carried.append(Carried(each.name, each.source, _tensor(each.name, each.tensor), start))
    nodes = tuple(node_of(each) for each in topology.nodes)
    inputs = {key: _tensor(key, text) for key, text in topology.inputs.items()}
    try:
        graph = Graph(name, inputs, topology.outputs, nodes, parameters, tuple(carried))
    except (ArithmeticError, ValueError, TypeError, LookupError, MemoryError, RecursionError) as error:
        raise InputError(f"graph {name}: attributes do not fit: {cut(str(error))}") from error
    used = {parameter for node in nodes for parameter in node.parameters.values()}
    unused = [parameter for parameter in parameters if parameter not in used]
    if unused:
        raise InputError(f"graph {name}: parameter {unused[0]!r}: no node has it{nearest(unused[0], used)}")
    elements = sum(tensor.size for tensor in graph.tensors.values())
    budget.require(BYTES_PER_ELEMENT * elements, what=f"graph {name}: tensors of {elements:,} elements")
    return graph


def _attributes(node: Node) -> dict[str, object]:
    """The fields of an operator that are not at their defaults, as JSON has them."""
    operator = node.operator
    values = {
        each.name: getattr(operator, each.name) for each in dataclasses.fields(operator) if _differs(operator, each)
    }
    return msgspec.to_builtins(values, enc_hook=lambda value: value.item())


def _differs(operator: Operator, field: dataclasses.Field[object]) -> bool:
    return field.default is dataclasses.MISSING or getattr(operator, field.name) != field.default


def node_of(text: NodeText) -> Node:
    """The node that was written.

    Raises:
        InputError: its operator is not known, or its attributes do not fit.
    """
    with located(f"node {text.name} ({text.kind})"):
        cls = operator_of_kind(text.kind)
        known = [each.name for each in dataclasses.fields(cls)]
        for name in text.attributes:
            if name not in known:
                listed = ", ".join(known) or "none"
                raise InputError(f"attribute {name!r}: must be one of {listed}{nearest(name, known)}")
        kinds = get_type_hints(cls, localns={})  # a method may have the name of a type: float
        try:
            operator = cls(**{name: msgspec.convert(value, kinds[name]) for name, value in text.attributes.items()})
        except (msgspec.ValidationError, ArithmeticError, ValueError, TypeError, SystemError) as error:
            raise InputError(f"attributes: {cut(str(error))}") from error
        return Node(text.name, operator, text.inputs, text.outputs, text.parameters)


def _tensor_text(tensor: Tensor) -> TensorText:
    return TensorText(tensor.shape, str(tensor.period), tensor.holds)


def _tensor(name: str, text: TensorText) -> Tensor:
    if not _PERIOD.fullmatch(text.period):
        raise InputError(f"tensor {name}: period {text.period[:40]!r}: must be a whole number or fraction above 0")
    if not all(0 < extent <= MAX_EXTENT for extent in text.shape) or len(text.shape) > 8:
        raise InputError(f"tensor {name}: shape {text.shape}: must be at most 8 extents from 1 to 2**40")
    return Tensor(text.shape, Fraction(text.period), text.holds)
