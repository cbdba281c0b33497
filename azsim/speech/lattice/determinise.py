"""One path per word sequence: a graph of words in which several paths spell the same, made deterministic.

::

    subset of nodes, each with what its best way lost against the best of the subset
         │ word w: all edges w that leave the subset; per target the best, then minus the best of all
         v
    next subset

Of the paths that spell the same words the most probable one stays, with its two scores and its times.

**Source:** weighted determinisation over the tropical semiring (Mohri, "Finite-state transducers in language and speech
processing", 1997), with a pair of scores as lattices of speech recognisers have (Povey et al., "Generating exact
lattices in the WFST framework", 2012).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from azsim.errors import WorkError
from azsim.speech.lattice.lattice import Lattice, Row

MOST_SUBSETS = 100_000
_GRID = 1e-9
"""Losses that differ by less are the same."""


@dataclass(frozen=True, slots=True)
class _Way:
    """The best way to a node of a subset: what it lost, and the two scores of that loss."""

    acoustic: float
    label: float

    @property
    def score(self) -> float:
        return self.acoustic + self.label


def determinise(
    utterance: str,
    edges: list[Row],
    finals: dict[int, tuple[float, float]],
) -> Lattice:
    """A deterministic lattice of the same word sequences, each with its best path's score.

    Args:
        utterance: its name.
        edges: of an acyclic graph with start node 0; every row has a word.
        finals: final node -> (acoustic, label).

    Raises:
        InputError: the graph has a cycle or no path.
        WorkError: it takes more than `MOST_SUBSETS` nodes; prune it before.
    """
    raw = Lattice.of_edges(utterance, edges, finals)
    first = ((0, 0, 0),)
    number = {first: 0}
    ways: list[dict[int, _Way]] = [{0: _Way(0.0, 0.0)}]
    todo, rows, ends = [0], [], {}
    while todo:
        at = heapq.heappop(todo)
        subset = ways[at]
        end = max(
            (
                (way.acoustic + float(raw.final_acoustic[node]), way.label + float(raw.final_label[node]))
                for node, way in subset.items()
                if raw.final_label[node] > float("-inf")
            ),
            key=sum,
            default=None,
        )
        if end is not None:
            ends[at] = end
        for word, reached in sorted(_followers(raw, subset).items()):
            best, start_ms, end_ms = max(reached.values(), key=lambda one: one[0].score)
            key = tuple(
                sorted(
                    (node, round((way.acoustic - best.acoustic) / _GRID), round((way.label - best.label) / _GRID))
                    for node, (way, _, _) in reached.items()
                )
            )
            if key not in number:
                if len(number) >= MOST_SUBSETS:
                    raise WorkError(f"lattice {utterance}: more than {MOST_SUBSETS} nodes when made deterministic")
                number[key] = len(number)
                ways.append(
                    {
                        node: _Way(way.acoustic - best.acoustic, way.label - best.label)
                        for node, (way, _, _) in reached.items()
                    }
                )
                heapq.heappush(todo, number[key])
            rows.append((at, number[key], word, start_ms, end_ms, best.acoustic, best.label))
    return Lattice.of_edges(utterance, rows, ends)


def _followers(raw: Lattice, subset: dict[int, _Way]) -> dict[str, dict[int, tuple[_Way, int, int]]]:
    """Word -> node that it leads to -> the best way there, and the word's times on it."""
    found: dict[str, dict[int, tuple[_Way, int, int]]] = {}
    for node, way in subset.items():
        for edge in range(int(raw.leaving[node]), int(raw.leaving[node + 1])):
            on = _Way(way.acoustic + float(raw.acoustic[edge]), way.label + float(raw.label[edge]))
            reached = found.setdefault(raw.words[edge], {})
            target = int(raw.targets[edge])
            if target not in reached or on.score > reached[target][0].score:
                reached[target] = on, int(raw.start_ms[edge]), int(raw.end_ms[edge])
    return found
