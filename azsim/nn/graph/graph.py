"""A network as a graph, checked when it is made: names, shapes, and no cycle that does not pass through a state.

::

    inputs ──> node ──> node ──┬──> outputs
       carried (t-1) ──> node ─┴──> carried (t)
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from azsim.errors import InputError, located, nearest
from azsim.nn.graph.operator import Granularity, Operand, Operator
from azsim.nn.graph.tensor import Tensor


@dataclass(frozen=True)
class Node:
    """An operator at its place.

    Attributes:
        name: unique within the graph.
        operator: what it does.
        inputs, outputs: names of tensors.
        parameters: role -> name of a parameter.
    """

    name: str
    operator: Operator
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Carried:
    """State of the graph's own: tensor ``name`` is at each step what ``source`` was at the step before.

    Attributes:
        name: of the tensor that nodes read.
        source: of the tensor that it follows.
        tensor: shape and period of both.
        start: value before the first step, float32 of that shape; None for zeros.
    """

    name: str
    source: str
    tensor: Tensor
    start: np.ndarray | None = None


@dataclass(frozen=True)
class Graph:
    """A network in float: nodes over named tensors.

    Attributes:
        name: for reports and errors.
        inputs: name -> tensor.
        outputs: names of tensors.
        nodes: in any order; kept in an order in which they can run.
        parameters: name -> float32 array; those in a ``matrices`` role are two-dimensional.
        carried: state of the graph's own; operators such as an LSTM have theirs besides.

    Raises:
        InputError: names that are missing or doubled, shapes that do not fit, a cycle without state.
    """

    name: str
    inputs: Mapping[str, Tensor]
    outputs: tuple[str, ...]
    nodes: tuple[Node, ...]
    parameters: Mapping[str, np.ndarray]
    carried: tuple[Carried, ...] = ()

    def __post_init__(self) -> None:
        with located(f"graph {self.name}"):
            self._check_names()
            object.__setattr__(self, "nodes", tuple(_sorted(self.nodes, self._given)))
            self._check_tensors()

    @property
    def _given(self) -> set[str]:
        return {*self.inputs, *(each.name for each in self.carried)}

    @cached_property
    def tensors(self) -> Mapping[str, Tensor]:
        """Name -> tensor, of inputs, carried state and every node's outputs."""
        found = dict(self.inputs) | {each.name: each.tensor for each in self.carried}
        for node in self.nodes:
            with located(f"node {node.name} ({node.operator.kind})"):
                shapes = {role: self.parameters[name].shape for role, name in node.parameters.items()}
                outputs = node.operator.infer(tuple(found[name] for name in node.inputs), shapes)
                if len(outputs) != len(node.outputs):
                    raise InputError(f"{len(node.outputs)} outputs: must be {len(outputs)}")
                found |= dict(zip(node.outputs, outputs, strict=True))
        return found

    def node(self, name: str) -> Node:
        """The node of that name.

        Raises:
            InputError: there is none.
        """
        for each in self.nodes:
            if each.name == name:
                return each
        known = [each.name for each in self.nodes]
        raise InputError(f"graph {self.name}: node {name!r}: there is none{nearest(name, known)}")

    @cached_property
    def producers(self) -> Mapping[str, Node]:
        """Tensor -> the node that makes it; inputs and carried state have none."""
        return {name: node for node in self.nodes for name in node.outputs}

    def consumers(self, tensor: str) -> Iterator[tuple[Node, int]]:
        """The nodes that read a tensor, and at which of their inputs."""
        yield from self._readers.get(tensor, ())

    @cached_property
    def _readers(self) -> Mapping[str, list[tuple[Node, int]]]:
        found: dict[str, list[tuple[Node, int]]] = {}
        for node in self.nodes:
            for index, name in enumerate(node.inputs):
                found.setdefault(name, []).append((node, index))
        return found

    def scale_groups(self, matrix: str, granularity: Granularity) -> int:
        """How many scales the rows of a matrix have: of several nodes that share it, what suits all."""
        rows = len(self.parameters[matrix])
        return min(
            node.operator.scale_groups(role, rows, granularity)
            for node in self.nodes
            for role, name in node.parameters.items()
            if name == matrix
        )

    @cached_property
    def weight_matrices(self) -> tuple[str, ...]:
        """Names of the parameters that are compressed, in the order of execution."""
        found = [
            name for node in self.nodes for role, name in node.parameters.items() if role in node.operator.matrices
        ]
        return tuple(dict.fromkeys(found))

    def refuse_no_numbers(self) -> None:
        """Raise `InputError` for a parameter with values that are not finite numbers; whoever reads them asks."""
        for node in self.nodes:
            for role, name in node.parameters.items():
                if not np.isfinite(self.parameters[name]).all():
                    where = f"graph {self.name}: node {node.name} ({node.operator.kind}): parameter {role} = {name!r}"
                    raise InputError(f"{where}: holds values that are not finite numbers")

    @cached_property
    def looped(self) -> frozenset[str]:
        """Names of the nodes between a carried state and what it follows: they run step by step."""
        below = {each.name for each in self.carried}
        for node in self.nodes:
            if below & set(node.inputs):
                below |= set(node.outputs)
        above = {each.source for each in self.carried}
        for node in reversed(self.nodes):
            if above & set(node.outputs):
                above |= set(node.inputs)
        return frozenset(node.name for node in self.nodes if below & set(node.inputs) and above & set(node.outputs))

    def _check_names(self) -> None:
        made = [*self.inputs, *(each.name for each in self.carried), *(o for n in self.nodes for o in n.outputs)]
        _refuse_doubles("tensor", made)
        _refuse_doubles("node", [node.name for node in self.nodes])
        known = set(made)
        wanted = [*self.outputs, *(each.source for each in self.carried)]
        for name in wanted:
            if name not in known:
                raise InputError(f"tensor {name!r}: nothing makes it{nearest(name, known)}")
        for node in self.nodes:
            with located(f"node {node.name} ({node.operator.kind})"):
                for name in node.inputs:
                    if name not in known:
                        raise InputError(f"input {name!r}: nothing makes it{nearest(name, known)}")
                self._check_parameters(node)

    def _check_parameters(self, node: Node) -> None:
        operator = node.operator
        roles = (*operator.matrices, *operator.vectors)
        for role, name in node.parameters.items():
            if role not in roles:
                listed = ", ".join(roles) or "none"
                raise InputError(f"parameter {role!r}: must be one of {listed}{nearest(role, roles)}")
            if name not in self.parameters:
                raise InputError(f"parameter {role} = {name!r}: is not there{nearest(name, self.parameters)}")
            value = self.parameters[name]
            if role in operator.matrices and value.ndim != 2:
                raise InputError(f"parameter {role} = {name!r}: shape {value.shape}: must be a matrix")
        missing = [role for role in roles if role not in node.parameters and role not in operator.optional]
        if missing:
            raise InputError(f"parameter {missing[0]!r}: missing")

    def _check_tensors(self) -> None:
        tensors = self.tensors
        for each in self.carried:
            if tensors[each.source] != each.tensor:
                raise InputError(f"state {each.name} ({each.tensor}): follows {each.source} ({tensors[each.source]})")
            if each.start is not None and each.start.shape != each.tensor.shape:
                shape = each.start.shape
                raise InputError(f"state {each.name}: starts with shape {shape}: must be {each.tensor.shape}")
        for node in self.nodes:
            periods = {tensors[name].period for name in (*node.inputs, *node.outputs)}
            if node.name in self.looped and len(periods) > 1:
                raise InputError(f"node {node.name}: changes the rate within a loop through a state")


def operands(graph: Graph, tensor: str) -> set[Operand]:
    """What the nodes that read a tensor want it for, through those that only move it."""
    return {node.operator.operand(index) for node, index in readers_through_moves(graph, tensor)}


def readers_through_moves(graph: Graph, tensor: str) -> list[tuple[Node, int]]:
    """The nodes that read a tensor, or what it was moved to, and do more than move it; and at which input."""
    found: list[tuple[Node, int]] = []
    waiting, seen = [tensor], {tensor}
    while waiting:
        for node, index in graph.consumers(waiting.pop()):
            if node.operator.moves:
                waiting += [name for name in node.outputs if name not in seen]
                seen.update(node.outputs)
            else:
                found.append((node, index))
    return found


def _refuse_doubles(what: str, names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InputError(f"{what} {name!r}: is there twice")
        seen.add(name)


def _sorted(nodes: Sequence[Node], given: set[str]) -> Iterator[Node]:
    """The nodes in an order in which they can run, as near to the one given as there is."""
    readers: dict[str, list[int]] = {}
    missing = [set(node.inputs) - given for node in nodes]
    for index, names in enumerate(missing):
        for name in names:
            readers.setdefault(name, []).append(index)
    ready = [index for index, names in enumerate(missing) if not names]
    done: set[int] = set()
    while ready:
        index = heapq.heappop(ready)
        done.add(index)
        yield nodes[index]
        for name in nodes[index].outputs:
            for reader in readers.get(name, ()):
                missing[reader].discard(name)
                if not missing[reader]:
                    heapq.heappush(ready, reader)
    if len(done) < len(nodes):
        names = ", ".join(node.name for index, node in enumerate(nodes) if index not in done)
        raise InputError(f"nodes {names}: a cycle without a state")
