"""A graph of one node, in float or integers, fed in pieces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from azsim.nn.graph.executor import Executor, Model
from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.nn.graph.lower import lower_nodes
from azsim.nn.graph.operator import Operator, Weights
from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.program import ProgramStage


def graph_of(operator: Operator, inputs: Sequence[Tensor], parameters: Mapping[str, np.ndarray] | None = None) -> Graph:
    """``in0``, ``in1``, ... through node ``node`` to ``out``; parameters are named as their roles."""
    named = {f"in{i}": tensor for i, tensor in enumerate(inputs)}
    roles = {role: role for role in parameters or {}}
    node = Node("node", operator, tuple(named), ("out",), roles)
    return Graph("single", named, ("out",), (node,), dict(parameters or {}))


def integers_of(
    graph: Graph,
    grids: Sequence[Grid | None],
    target: Grid | None,
    weights: Mapping[str, Weights] | None = None,
    internal: Mapping[str, Grid] | None = None,
) -> IntegerGraph:
    stated = {f"in{i}": grid for i, grid in enumerate(grids) if grid is not None}
    stated |= {f"node.{name}": grid for name, grid in (internal or {}).items()}
    return IntegerGraph(graph, dict(weights or {}), stated | ({} if target is None else {"out": target}))


def stages_of(graph: Graph) -> tuple[ProgramStage, ...]:
    """What the node asks of the processor."""
    return lower_nodes(graph, graph.nodes, "single", 1).stages


def in_pieces(model: Model, inputs: Sequence[np.ndarray], lengths: Sequence[int]) -> np.ndarray:
    """``out`` of whole inputs, fed in pieces of these lengths (the rest last)."""
    executor, outputs, at = Executor(model), [], 0
    for length in (*lengths, len(inputs[0])):
        outputs.append(executor.push({f"in{i}": each[at : at + length] for i, each in enumerate(inputs)})["out"])
        at += length
    return np.concatenate(outputs)


def float_out(graph: Graph, inputs: Sequence[np.ndarray], lengths: Sequence[int] = ()) -> np.ndarray:
    return in_pieces(Model.in_float(graph), inputs, lengths)


def integer_out(integers: IntegerGraph, inputs: Sequence[np.ndarray], lengths: Sequence[int] = ()) -> np.ndarray:
    return in_pieces(Model.in_integers(integers), inputs, lengths)


def random_int8(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.integers(-127, 128, shape).astype(np.int8)


def random_weights(rng: np.random.Generator, rows: int, columns: int, groups: int) -> Weights:
    """int8 weights with so many scales, which give sums of the size of an output."""
    scales = rng.uniform(0.2, 3.0, groups) * 2.0**-6 / np.sqrt(columns)
    return Weights(random_int8(rng, rows, columns), scales)


def agrees(integers: np.ndarray, target: Grid, exact: np.ndarray, steps: float) -> None:
    """Integers lie within so many steps of float values, where those fit on the grid."""
    wanted = np.clip(exact.astype(np.float64) / target.scale, target.lowest, target.limit)
    assert integers.shape == exact.shape
    assert np.abs(integers - wanted).max(initial=0.0) <= steps
