"""From a graph to the processor's programs: nodes that run equally often make one, their stages in order.

Vector work of a node without products joins the stage before it, or the first stage behind it where none is before. A
product waits for the vector unit unless its operands are there already: inputs of the program, state, all that was
finished when an earlier product waited, and what comes before the first product.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from azsim.nn.graph.graph import Graph, Node, operands
from azsim.nn.graph.operator import LoweredNode
from azsim.nn.graph.tensor import Grid
from azsim.nn.program import Program, ProgramStage, VectorWork

Lowering = Callable[[Node, LoweredNode], Sequence[ProgramStage]]


def graph_programs(graph: Graph, wide: Collection[str] = ()) -> dict[str, Program]:
    """Program name -> program, in the order in which a step runs them: one for each rate at which nodes work.

    Their names are the graph's and a number from 0; what leaves the graph is stored, one byte for each element.

    Args:
        graph: whose nodes they run.
        wide: tensors that are int16 operands of products (`wide_tensors`).
    """
    periods: dict[Fraction, list[Node]] = {}
    for node in graph.nodes:
        periods.setdefault(graph.tensors[node.outputs[0]].period, []).append(node)
    programs = {}
    for index, (period, nodes) in enumerate(periods.items()):
        name = f"{graph.name}.{index}"
        leaving = sum(graph.tensors[out].size for node in nodes for out in node.outputs if out in graph.outputs)
        program = lower_nodes(graph, nodes, name, period, leaving, wide=wide)
        if program.stages or program.lookup_bytes:  # else its nodes only move values
            programs[name] = program
    return programs


def wide_tensors(graph: Graph, stated: Mapping[str, Grid]) -> frozenset[str]:
    """Operands of products whose grid is int16: stated so, or moved from where it is."""
    found: set[str] = {name for name, grid in stated.items() if grid.bits == 16 and "product" in operands(graph, name)}
    for node in graph.nodes:
        if node.operator.moves and node.inputs[0] in found:
            found.update(node.outputs)
    return frozenset(found)


def own_lowering(node: Node, at: LoweredNode) -> Sequence[ProgramStage]:
    """What a node's operator says."""
    return node.operator.lower(at)


def lower_nodes(
    graph: Graph,
    nodes: Sequence[Node],
    name: str,
    period_steps: int | Fraction,
    output_bytes: int = 0,
    lowering: Lowering = own_lowering,
    wide: Collection[str] = (),
) -> Program:
    """One program of some nodes of a graph.

    Args:
        graph: that holds them.
        nodes: in order.
        name, period_steps: of the program.
        output_bytes: that leave the chip after the last stage.
        lowering: gives a node's stages.
        wide: tensors that are int16 operands of products.
    """
    made: set[str] = set()
    finished: set[str] = set()
    stages: list[ProgramStage] = []
    for node in nodes:
        at = LoweredNode(
            name=node.name,
            inputs=tuple(graph.tensors[each] for each in node.inputs),
            outputs=tuple(graph.tensors[each] for each in node.outputs),
            matrices={role: each for role, each in node.parameters.items() if role in node.operator.matrices},
            shapes={role: graph.parameters[each].shape for role, each in node.parameters.items()},
            ready=tuple(each not in made or each in finished for each in node.inputs),
            wide=tuple(each in wide for each in node.inputs),
        )
        own = list(lowering(node, at))
        stages += own
        if any(use.operand == "previous" for stage in own for use in (*stage.uses, *stage.lane_products)):
            finished |= made
        if any(stage.uses or stage.lane_products for stage in stages):
            made |= set(node.outputs)
    joined, lookup_bytes = _joined(stages)
    if output_bytes and joined:
        joined[-1] = replace(joined[-1], output_bytes=output_bytes)
    tensors = max((_bytes(graph, node, wide) for node in nodes), default=0)
    whole = int(period_steps) if Fraction(period_steps).denominator == 1 else period_steps
    return Program(name, tuple(joined), lookup_bytes, whole, tensors)


def _bytes(graph: Graph, node: Node, wide: Collection[str]) -> int:
    """Bytes of a node's inputs and outputs: operands of products at 8 bits, wide ones and all others at 16."""
    names = dict.fromkeys((*node.inputs, *node.outputs))
    narrow = {name for name in names if name not in wide and "product" in operands(graph, name)}
    return sum(graph.tensors[name].size * (1 if name in narrow else 2) for name in names)


def _joined(stages: Sequence[ProgramStage]) -> tuple[list[ProgramStage], int]:
    """Only stages that multiply, with the vector work of the others; and the bytes of rows fetched before the first."""
    kept: list[ProgramStage] = []
    early: tuple[VectorWork, ...] = ()
    lookup_bytes = 0
    for stage in stages:
        if stage.uses or stage.lane_products:
            kept.append(replace(stage, vector=_added(early, stage.vector)))
            early = ()
        elif kept:
            last = kept[-1]
            more = last.lookup_bytes + stage.lookup_bytes
            kept[-1] = replace(last, vector=_added(last.vector, stage.vector), lookup_bytes=more)
        else:
            early, lookup_bytes = _added(early, stage.vector), lookup_bytes + stage.lookup_bytes
    if early:
        kept.append(ProgramStage(stages[0].name, (), early))
    return kept, lookup_bytes


def _added(first: tuple[VectorWork, ...], second: tuple[VectorWork, ...]) -> tuple[VectorWork, ...]:
    """One list of work after the other; neighbours of the same function are one."""
    work: list[VectorWork] = []
    for each in (*first, *second):
        if work and work[-1].function == each.function:
            work[-1] = VectorWork(each.function, work[-1].elements + each.elements)
        else:
            work.append(each)
    return tuple(work)
