"""A graph ready for the chip: int8 weights with their scales, and a grid for every tensor; complete when it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from azsim.errors import InputError, located
from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.operator import Execution, GridNode, IntegerNode, Weights
from azsim.nn.graph.tensor import Grid
from azsim.nn.sums import MOST_INT8, check_sums, largest, sums_fit


@dataclass(frozen=True)
class IntegerGraph:
    """A graph with its integers.

    Attributes:
        graph: the network; its float matrices are not read.
        weights: parameter -> int8 values and scales, for each of the graph's ``weight_matrices``.
        stated: tensor, or ``node.internal``, -> grid; those that follow from others (a slice, an embedding) may be left
            out.

    Raises:
        InputError: weights or scales are missing, or do not fit.
    """

    graph: Graph
    weights: Mapping[str, Weights]
    stated: Mapping[str, Grid]

    def __post_init__(self) -> None:
        graph = self.graph
        graph.refuse_no_numbers()
        with located(f"graph {graph.name}"):
            for name in graph.weight_matrices:
                if name not in self.weights:
                    raise InputError(f"weights {name}: missing")
                shape = self.weights[name].values.shape
                if shape != graph.parameters[name].shape:
                    raise InputError(f"weights {name}: shape {shape}: must be {graph.parameters[name].shape}")
            grids = self.grids
            self._check_sums()
            for each in graph.carried:
                if grids[each.name] != grids[each.source]:
                    raise InputError(
                        f"state {each.name}: on grid {grids[each.name]}, but it follows {each.source} on grid "
                        f"{grids[each.source]}: must be the same"
                    )

    @cached_property
    def grids(self) -> Mapping[str, Grid | None]:
        """Tensor -> grid; None for an index or a flag."""
        found: dict[str, Grid | None] = {}
        for name in (*self.graph.inputs, *(each.name for each in self.graph.carried)):
            values = self.graph.tensors[name].holds == "values"
            if values and name not in self.stated:
                raise InputError(f"tensor {name}: a scale is missing")
            found[name] = self.stated[name] if values else None
        for node in self.graph.nodes:
            at = GridNode(
                inputs=tuple(found[name] for name in node.inputs),
                stated=tuple(self.stated.get(name) for name in node.outputs),
                weights=self._weights(node),
                internal=self._internal(node),
            )
            with located(f"node {node.name} ({node.operator.kind})"):
                grids = node.operator.grids(at)
                for index, name in enumerate(node.inputs):
                    grid = found[name]
                    allowed = (8, 16) if node.operator.takes_wide(index) else (8,)
                    if node.operator.operand(index) == "product" and (grid is None or grid.bits not in allowed):
                        what = " or int16" if len(allowed) > 1 else ""
                        said = f"must be int8{what}, it is an operand of products"
                        raise InputError(f"input {name}: on grid {grid}: {said}")
            found |= dict(zip(node.outputs, grids, strict=True))
        return found

    def executions(self) -> dict[str, Execution]:
        """Node -> its integer kernel, laid out.

        Raises:
            InputError: a kernel does not take a grid, or a scale cannot be expressed in fixed point.
        """
        found = {}
        for node in self.graph.nodes:
            at = self.integer_node(node.name)
            with located(at.where):
                found[node.name] = node.operator.integer(at)
        return found

    def integer_node(self, name: str) -> IntegerNode:
        """What the integer kernel of a node is told."""
        node = next(each for each in self.graph.nodes if each.name == name)
        tensors, grids = self.graph.tensors, self.grids
        return IntegerNode(
            inputs=tuple(tensors[name] for name in node.inputs),
            outputs=tuple(tensors[name] for name in node.outputs),
            grids=tuple(grids[name] for name in node.inputs),
            targets=tuple(grids[name] for name in node.outputs),
            weights=self._weights(node),
            vectors={
                role: np.asarray(self.graph.parameters[name], np.float32)
                for role, name in node.parameters.items()
                if role not in node.operator.matrices
            },
            internal=self._internal(node),
            where=f"graph {self.graph.name}: node {node.name} ({node.operator.kind})",
        )

    def _check_sums(self) -> None:
        """Refuse matrices whose sums may not fit an int32, with the weights as they are and inputs as large as any."""
        for node in self.graph.nodes:
            if node.operator.operand(0) == "product":
                grid = self.grids[node.inputs[0]]
                for role, weights in self._weights(node).items():
                    if grid is not None and grid.bits == 16 and not sums_fit(weights.values):
                        raise InputError(
                            f"node {node.name}: {node.parameters[role]}: sums of its products with int16 values may "
                            "exceed an int32: must have an int8 operand"
                        )
                    where = f"node {node.name}: {node.parameters[role]}"
                    check_sums(where, weights.values.shape[1], MOST_INT8, largest(weights.values))

    def _weights(self, node: Node) -> dict[str, Weights]:
        roles = node.operator.matrices
        return {role: self.weights[name] for role, name in node.parameters.items() if role in roles}

    def _internal(self, node: Node) -> dict[str, Grid]:
        names = {each: f"{node.name}.{each}" for each in node.operator.internals}
        return {each: self.stated[name] for each, name in names.items() if name in self.stated}
