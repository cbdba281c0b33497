"""How probable each word is: posteriors of edges by the forward-backward rule, and pruning by them.

::

    alpha(n) = log sum over paths from the start to n
    beta(n)  = log sum over paths from n to an end
    posterior(edge) = exp(alpha(source) + score + beta(target) - beta(start));  over any cut they sum to 1
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.compiled import njit
from azsim.speech.lattice.lattice import NOWHERE, Lattice, Row
from azsim.speech.lattice.paths import best_path


@dataclass(frozen=True)
class Posteriors:
    """Probabilities of a lattice's parts.

    Attributes:
        edges: float64 ``(edges,)``: probability that the path through an edge is the right one, among those there are.
        ends: float64 ``(nodes,)``: probability that speech ends at a node.
        total: log-probability of all paths together.
    """

    edges: np.ndarray
    ends: np.ndarray
    total: float


@njit(cache=True, nogil=True)
def _add(a, b):
    """log(exp(a) + exp(b))."""
    if a < b:
        a, b = b, a
    if b == -np.inf:
        return a
    return a + np.log1p(np.exp(b - a))


@njit(cache=True, nogil=True)
def forward(sources, targets, scores, nodes):
    """float64 ``(nodes,)``: edges are in order of their source, nodes in topological order; indices were checked."""
    alpha = np.full(nodes, -np.inf)
    alpha[0] = 0.0
    for edge in range(len(sources)):
        alpha[targets[edge]] = _add(alpha[targets[edge]], alpha[sources[edge]] + scores[edge])
    return alpha


@njit(cache=True, nogil=True)
def backward(sources, targets, scores, finals):
    """float64 ``(nodes,)``, from the end; indices were checked."""
    beta = finals.copy()
    for edge in range(len(sources) - 1, -1, -1):
        beta[sources[edge]] = _add(beta[sources[edge]], beta[targets[edge]] + scores[edge])
    return beta


def posteriors(lattice: Lattice, acoustic_scale: float = 1.0, label_scale: float = 1.0) -> Posteriors:
    """Probability of every edge and end, given that one of the lattice's paths was said.

    Args:
        lattice: whose scores are log-probabilities.
        acoustic_scale, label_scale: factors of its two scores; below 1 they flatten the distribution.
    """
    scores, finals = lattice.scores(acoustic_scale, label_scale), lattice.finals(acoustic_scale, label_scale)
    alpha = forward(lattice.sources, lattice.targets, scores, lattice.nodes)
    beta = backward(lattice.sources, lattice.targets, scores, finals)
    total = float(beta[0])
    edges = np.exp(alpha[lattice.sources] + scores + beta[lattice.targets] - total)
    return Posteriors(edges, np.exp(alpha + finals - total), total)


def pruned(lattice: Lattice, least: float, acoustic_scale: float = 1.0, label_scale: float = 1.0) -> Lattice:
    """The lattice without edges and ends that are less probable than ``least``; the best path stays.

    Args:
        lattice: what is pruned.
        least: posterior, 0 to 1.
        acoustic_scale, label_scale: as in `posteriors`.
    """
    found = posteriors(lattice, acoustic_scale, label_scale)
    best = best_path(lattice, acoustic_scale, label_scale)
    kept = found.edges >= least
    kept[list(best.edges)] = True
    ends = found.ends >= least
    ends[best.end] = True
    finals = {
        node: (float(lattice.final_acoustic[node]), float(lattice.final_label[node]))
        for node in np.flatnonzero(ends & (lattice.final_label > NOWHERE)).tolist()
    }
    return Lattice.of_edges(lattice.utterance, rows_of(lattice, np.flatnonzero(kept)), finals)


def rows_of(lattice: Lattice, edges: np.ndarray) -> list[Row]:
    """The chosen edges as rows for `Lattice.of_edges`."""
    places = edges.tolist()
    columns = (lattice.sources, lattice.targets, lattice.start_ms, lattice.end_ms, lattice.acoustic, lattice.label)
    source, target, start, end, acoustic, label = (column[edges].tolist() for column in columns)
    return [
        (source[i], target[i], lattice.words[edge], start[i], end[i], acoustic[i], label[i])
        for i, edge in enumerate(places)
    ]
