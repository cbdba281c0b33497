"""Word sequences of a lattice: the best one, the n best, and the one nearest to what was said."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from azsim.speech.lattice.lattice import Lattice


@dataclass(frozen=True, slots=True)
class Path:
    """One word sequence.

    Attributes:
        words: in order.
        score: log-probability, the end of speech included.
        edges: of the lattice, in order.
        end: the final node.
    """

    words: tuple[str, ...]
    score: float
    edges: tuple[int, ...]
    end: int


def best_ahead(lattice: Lattice, acoustic_scale: float = 1.0, label_scale: float = 1.0) -> np.ndarray:
    """Score of the best way from each node to an end, float64 ``(nodes,)``."""
    scores, ahead = lattice.scores(acoustic_scale, label_scale), lattice.finals(acoustic_scale, label_scale)
    for edge in range(lattice.edges - 1, -1, -1):
        source = lattice.sources[edge]
        ahead[source] = max(ahead[source], scores[edge] + ahead[lattice.targets[edge]])
    return ahead


def paths(lattice: Lattice, acoustic_scale: float = 1.0, label_scale: float = 1.0) -> Iterator[Path]:
    """Every path, best first (A* whose estimate is exact); of equal ones the one whose edges come first."""
    scores, finals = lattice.scores(acoustic_scale, label_scale), lattice.finals(acoustic_scale, label_scale)
    ahead = best_ahead(lattice, acoustic_scale, label_scale)
    waiting: list[tuple[float, tuple[int, ...], int, float, bool]] = [(-float(ahead[0]), (), 0, 0.0, False)]
    while waiting:
        _, edges, node, behind, ended = heapq.heappop(waiting)
        if ended:
            yield Path(tuple(lattice.words[edge] for edge in edges), behind, edges, node)
            continue
        if np.isfinite(finals[node]):
            whole = behind + float(finals[node])
            heapq.heappush(waiting, (-whole, edges, node, whole, True))
        for edge in range(int(lattice.leaving[node]), int(lattice.leaving[node + 1])):
            target, so_far = int(lattice.targets[edge]), behind + float(scores[edge])
            heapq.heappush(waiting, (-(so_far + float(ahead[target])), (*edges, edge), target, so_far, False))


def best_path(lattice: Lattice, acoustic_scale: float = 1.0, label_scale: float = 1.0) -> Path:
    """The most probable path."""
    return next(paths(lattice, acoustic_scale, label_scale))


def n_best(lattice: Lattice, n: int, acoustic_scale: float = 1.0, label_scale: float = 1.0) -> list[Path]:
    """The ``n`` best paths, fewer if there are fewer; different word sequences if the lattice is deterministic."""
    return list(islice(paths(lattice, acoustic_scale, label_scale), n))


def oracle(
    lattice: Lattice, reference: Sequence[str], spelled: Sequence[str] | None = None
) -> tuple[int, tuple[str, ...]]:
    """Fewest word errors of any path, and the words of a path that has so few.

    Args:
        lattice: what was heard.
        reference: words that were said.
        spelled: the lattice's words as they are compared with these; as they are if None.

    Returns:
        Substitutions + deletions + insertions, and that path's words.
    """
    compared = lattice.words if spelled is None else spelled
    width = len(reference) + 1
    cost = np.full((lattice.nodes, width), np.iinfo(np.int32).max // 2, np.int64)
    came = np.full((lattice.nodes, width, 2), -1, np.int64)
    """Edge and place in the reference that the best way came from; edge -1 is a deletion."""
    cost[0, 0] = 0
    for node in range(lattice.nodes):
        for place in range(1, width):
            if cost[node, place - 1] + 1 < cost[node, place]:
                cost[node, place] = cost[node, place - 1] + 1
                came[node, place] = -1, place - 1
        for edge in range(int(lattice.leaving[node]), int(lattice.leaving[node + 1])):
            target, word = int(lattice.targets[edge]), compared[edge]
            for place in range(width):
                steps = [(place, 1)]
                if place + 1 < width:
                    steps.append((place + 1, int(reference[place] != word)))
                for reached, price in steps:
                    if cost[node, place] + price < cost[target, reached]:
                        cost[target, reached] = cost[node, place] + price
                        came[target, reached] = edge, place
    ends = np.flatnonzero(np.isfinite(lattice.final_label))
    node = int(ends[np.argmin(cost[ends, -1])])
    errors, place, words = int(cost[node, -1]), width - 1, []
    while node or place:
        edge, place = (int(each) for each in came[node, place])
        if edge >= 0:
            words.append(lattice.words[edge])
            node = int(lattice.sources[edge])
    return errors, tuple(reversed(words))
