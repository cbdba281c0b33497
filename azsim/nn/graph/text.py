"""A graph as text: its inputs, a line for each node, its outputs and state, what it weighs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.operator import Operator
from azsim.nn.graph.tensor import Grid


def described(operator: Operator) -> str:
    """An operator's kind and those of its attributes that are not the usual: ``conv1d(taps=3, stride=2)``."""
    own = [(each.name, getattr(operator, each.name), each.default) for each in fields(operator)]
    given = ", ".join(f"{name}={value!r}" for name, value, usual in own if value != usual)
    return f"{operator.kind}({given})" if given else operator.kind


def graph_text(graph: Graph, grids: Mapping[str, Grid | None] | None = None) -> str:
    """Lines of text.

    Args:
        graph: to print.
        grids: of its tensors, where they are known.
    """

    def tensor(name: str) -> str:
        grid = (grids or {}).get(name)
        return f"{name} ({graph.tensors[name]})" + (f" {grid}" if grid else "")

    lines = [f"graph {graph.name}", *(f"  input   {tensor(name)}" for name in graph.inputs)]
    lines += [f"  state   {tensor(each.name)}: {each.source} of the step before" for each in graph.carried]
    wide = max((len(node.name) for node in graph.nodes), default=0)
    for node in graph.nodes:
        made = ", ".join(tensor(name) for name in node.outputs)
        loop = "  [step by step]" if node.name in graph.looped else ""
        line = f"  {node.name:{wide}}  {described(node.operator)}: {', '.join(node.inputs)} -> {made}"
        lines.append(line + _weights(graph, node) + loop)
    lines += [f"  output  {tensor(name)}" for name in graph.outputs]
    weights = sum(graph.parameters[name].size for name in graph.weight_matrices)
    others = sum(value.size for value in graph.parameters.values()) - weights
    return "\n".join([*lines, f"  {weights:,} weights in {len(graph.weight_matrices)} matrices, {others:,} others"])


def _weights(graph: Graph, node: Node) -> str:
    """The matrices of a node, ``; weights 32x24``."""
    own = [(role, name) for role, name in node.parameters.items() if role in node.operator.matrices]
    return "".join(f"; {role} {'x'.join(map(str, graph.parameters[name].shape))}" for role, name in own)
