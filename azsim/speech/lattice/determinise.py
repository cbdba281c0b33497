"""One path per word sequence: a graph of words in which several paths spell the same, made deterministic.

::

    subset of nodes, each with what its best way lost against the best of the subset
         │ word w: all edges w that leave the subset; per target the best, then minus the best of all
         v
    next subset

Of the paths that spell the same words the most probable one stays, with its two scores and its times; or all are added
up, then the edge has the probability of all, the label score and times of the best, and the rest as acoustic score.

**Source:** weighted determinisation over the tropical (or log) semiring (Mohri, "Finite-state transducers in language
and speech processing", 1997), with a pair of scores as lattices of speech recognisers have (Povey et al., "Generating
exact lattices in the WFST framework", 2012).
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

from azsim.errors import WorkError
from azsim.speech.lattice.lattice import Lattice, Row

MOST_SUBSETS = 100_000
GRID = 1e-9


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
    summed: bool = False,
    grid: float = GRID,
    most: int | None = None,
) -> Lattice:
    """A deterministic lattice of the same word sequences, each with the score of its best path, or of all.

    Args:
        utterance: its name.
        edges: of an acyclic graph with start node 0; every row has a word.
        finals: final node -> (acoustic, label).
        summed: all paths of the same words are added up; of any node, those that leave it must not exceed 1.
        grid: losses that differ by less are the same.
        most: nodes of the result, `MOST_SUBSETS` if None.

    Raises:
        InputError: the graph has a cycle or no path.
        WorkError: it takes more nodes; prune it before.
    """
    most = MOST_SUBSETS if most is None else most
    raw = Lattice.of_edges(utterance, edges, finals)
    first = ((0, 0, 0),)
    number = {first: 0}
    ways: list[dict[int, _Way]] = [{0: _Way(0.0, 0.0)}]
    todo, rows, ends = [0], [], {}
    while todo:
        at = heapq.heappop(todo)
        subset = ways[at]
        closing = [
            _Way(way.acoustic + float(raw.final_acoustic[node]), way.label + float(raw.final_label[node]))
            for node, way in subset.items()
            if raw.final_label[node] > float("-inf")
        ]
        if closing:
            end = _together(closing) if summed else max(closing, key=lambda way: way.score)
            ends[at] = end.acoustic, end.label
        for word, reached in sorted(_followers(raw, subset, summed).items()):
            best, start_ms, end_ms = max(reached.values(), key=lambda one: one[0].score)
            if summed:
                best = _together([way for way, _, _ in reached.values()])
                reached = {
                    node: (_Way(way.score - best.label, best.label), 0, 0) for node, (way, _, _) in reached.items()
                }
            key = tuple(
                sorted(
                    (node, round((way.acoustic - best.acoustic) / grid), round((way.label - best.label) / grid))
                    for node, (way, _, _) in reached.items()
                )
            )
            if key not in number:
                if len(number) >= most:
                    raise WorkError(f"lattice {utterance}: more than {most} nodes when made deterministic")
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


def _together(ways: list[_Way]) -> _Way:
    """All ways added up, no more than everything, with the label score of the best."""
    best = max(ways, key=lambda way: way.score)
    total = best.score + math.log(sum(math.exp(way.score - best.score) for way in ways))
    return _Way(min(0.0, total) - best.label, best.label)


def _followers(
    raw: Lattice, subset: dict[int, _Way], summed: bool
) -> dict[str, dict[int, tuple[_Way, int, int]]]:
    """Word -> node that it leads to -> the best way there or all ways, and the word's times on the best one."""
    found: dict[str, dict[int, tuple[_Way, int, int]]] = {}
    for node, way in subset.items():
        for edge in range(int(raw.leaving[node]), int(raw.leaving[node + 1])):
            on = _Way(way.acoustic + float(raw.acoustic[edge]), way.label + float(raw.label[edge]))
            reached = found.setdefault(raw.words[edge], {})
            target = int(raw.targets[edge])
            times = int(raw.start_ms[edge]), int(raw.end_ms[edge])
            if target not in reached:
                reached[target] = on, *times
                continue
            there, *before = reached[target]
            better = on.score > there.score
            reached[target] = (
                _together([there, on]) if summed else on if better else there,
                *(times if better else before),
            )
    return found
