"""Nodes and arcs of the label graph, in compiled code: contexts, flow along an arc, a node in place of another.

::

    what came along p ──> x, over all outputs at which x was emitted, of all that ever came into p:
    flow(p, x) / inflow(p) = probability that x follows p, whenever

Blanks are part of it: what has not moved on yet still stands at p.
"""

from __future__ import annotations

import numpy as np

from azsim.compiled import njit
from azsim.speech.search.log_probability import NOTHING, add_probabilities
from azsim.speech.search.tables import MOST_ARCS, NO_NODE, Nodes


@njit(cache=True, nogil=True)
def context_after(nodes: Nodes, node: int, label: int, merges: bool, context: np.ndarray) -> None:
    """Write the context of a label that follows ``node``: its last labels, or the two themselves."""
    if merges:
        for k in range(context.size - 1):
            context[k] = nodes.context[node, k + 1]
        context[-1] = label
    else:
        context[0], context[1] = node, label


@njit(cache=True, nogil=True)
def is_context(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two contexts are the same; the last label first, in which most differ."""
    k = one.size - 1
    while k >= 0 and one[k] == other[k]:
        k -= 1
    return k < 0


@njit(cache=True, nogil=True)
def new_node(nodes: Nodes, node: int, label: int, context: np.ndarray) -> None:
    """Begin a node that nothing leads to yet."""
    nodes.inflow[node], nodes.label[node], nodes.arcs[node] = NOTHING, label, 0
    nodes.context[node] = context


@njit(cache=True, nogil=True)
def add_flow(
    exps: np.ndarray,
    nodes: Nodes,
    node: int,
    parent: int,
    flow: int,
    most: int,
    posterior: int,
    boost: int,
    output: int,
) -> None:
    """Add what came along the arc from ``parent``; a node has `MOST_ARCS`, of which the weakest gives way."""
    at = NO_NODE
    for k in range(nodes.arcs[node]):
        if nodes.parent[node, k] == parent:
            at = k
    if at == NO_NODE:
        if nodes.arcs[node] < MOST_ARCS:
            at = nodes.arcs[node]
            nodes.arcs[node] += 1
        else:
            at = 0
            for k in range(1, MOST_ARCS):
                if nodes.flow[node, k] < nodes.flow[node, at]:
                    at = k
            if nodes.flow[node, at] >= flow:
                return
        nodes.parent[node, at], nodes.flow[node, at], nodes.most[node, at] = parent, NOTHING, NOTHING
    nodes.flow[node, at] = add_probabilities(exps, nodes.flow[node, at], flow)
    if most > nodes.most[node, at]:
        nodes.most[node, at], nodes.posterior[node, at] = most, posterior
        nodes.boost[node, at], nodes.output[node, at] = boost, output


@njit(cache=True, nogil=True)
def move_arcs(exps: np.ndarray, nodes: Nodes, old: int, node: int, score: int) -> None:
    """Give ``node`` the part of each arc into ``old`` that is still there: ``score`` of all that came in."""
    part = score - nodes.inflow[old]
    for k in range(nodes.arcs[old]):
        add_flow(
            exps, nodes, node, nodes.parent[old, k], nodes.flow[old, k] + part, nodes.most[old, k] + part,
            nodes.posterior[old, k], nodes.boost[old, k], nodes.output[old, k],
        )  # fmt: skip
    nodes.inflow[node] = add_probabilities(exps, nodes.inflow[node], score)
