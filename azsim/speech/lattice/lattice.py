"""A word lattice: an acyclic graph whose edges are words, with times and log-probabilities.

::

             turn (0.93)        on (0.99)            lights (0.88)
        0 ───────────────> 1 ───────────────> 2 ─────────────────────> 3 (final)
        └─── burn (0.07) ──┘                  └──── light (0.12) ──────┘

Nodes are numbered in topological order; node 0 is the start. A node may be final, with the log-probability that speech
ends there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from azsim.errors import InputError

NOWHERE = -np.inf
"""Log-probability of the end of speech at a node that is not final."""
HIGHEST = 1e-6
"""Of a log-probability, which rounding may leave a little above 0."""
MOST_EDGES = 1_000_000
"""More is refused: no beam of a device makes so many."""

Row = tuple[int, int, str, int, int, float, float]
"""An edge: source, target, word, start_ms, end_ms, acoustic, label."""


@dataclass(frozen=True)
class Lattice:
    """Words on edges; every node lies on a path from the start to a final node.

    Attributes:
        utterance: its name.
        sources, targets: int32 ``(edges,)``: nodes of each edge, ``sources < targets``; edges are in order of source.
        words: of each edge; never empty.
        start_ms, end_ms: int32 ``(edges,)``: when the word begins and ends in the utterance's time.
        acoustic: float64 ``(edges,)``: log-probability of going on without a label (blanks) up to the word's end.
        label: float64 ``(edges,)``: log-probability of the word's labels. The sum of the two is 0 or less; where a
            lattice was made deterministic, either may be above 0, since it is a difference to other paths.
        final_acoustic, final_label: float64 ``(nodes,)``: the same for the end of speech; `NOWHERE` if not final.

    Raises:
        InputError: arrays of other lengths, a cycle, a node that no path reaches or leaves, a score that is no
            log-probability, or more than `MOST_EDGES` edges.
    """

    utterance: str
    sources: np.ndarray
    targets: np.ndarray
    words: tuple[str, ...]
    start_ms: np.ndarray
    end_ms: np.ndarray
    acoustic: np.ndarray
    label: np.ndarray
    final_acoustic: np.ndarray
    final_label: np.ndarray
    leaving: np.ndarray = field(init=False, repr=False)
    """int64 ``(nodes + 1,)``: edges ``leaving[n]`` up to ``leaving[n + 1]`` leave node ``n``."""

    def __post_init__(self) -> None:
        _check(self)
        object.__setattr__(self, "leaving", np.searchsorted(self.sources, np.arange(self.nodes + 1)))

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return len(self.final_label)

    @property
    def edges(self) -> int:
        """Number of edges."""
        return len(self.words)

    def scores(self, acoustic_scale: float = 1.0, label_scale: float = 1.0) -> np.ndarray:
        """Log-probability of each edge, float64 ``(edges,)``."""
        return acoustic_scale * self.acoustic + label_scale * self.label

    def finals(self, acoustic_scale: float = 1.0, label_scale: float = 1.0) -> np.ndarray:
        """Log-probability of the end of speech at each node, float64 ``(nodes,)``; `NOWHERE` if not final."""
        ends = np.isfinite(self.final_label)
        found = np.full(self.nodes, NOWHERE)
        found[ends] = acoustic_scale * self.final_acoustic[ends] + label_scale * self.final_label[ends]
        return found

    @property
    def is_deterministic(self) -> bool:
        """Whether no two edges that leave a node have the same word, so that each word sequence has one path."""
        return len(set(zip(self.sources.tolist(), self.words))) == self.edges

    @classmethod
    def of_edges(
        cls,
        utterance: str,
        edges: list[Row],
        finals: dict[int, tuple[float, float]],
    ) -> Lattice:
        """A lattice of rows, whose nodes may be numbered in any way; nodes on no whole path are left out.

        Args:
            utterance: its name.
            edges: in any order.
            finals: final node -> (acoustic, label). The start is node 0.

        Raises:
            InputError: there is a cycle or no path, or as for `Lattice`.
        """
        if len(edges) > MOST_EDGES:
            raise InputError(f"lattice {utterance}: {len(edges)} edges: at most {MOST_EDGES}")
        order = _topological(utterance, edges, finals)
        number = {node: place for place, node in enumerate(order)}
        kept = [row for row in edges if row[0] in number and row[1] in number]
        kept.sort(key=lambda row: (number[row[0]], number[row[1]], row[2]))
        acoustic, label = np.full(len(order), NOWHERE), np.full(len(order), NOWHERE)
        for node, (blank, labels) in finals.items():
            if node in number:
                acoustic[number[node]], label[number[node]] = blank, labels
        columns = list(zip(*kept)) if kept else [()] * 7
        return cls(
            utterance=utterance,
            sources=np.array([number[node] for node in columns[0]], np.int32),
            targets=np.array([number[node] for node in columns[1]], np.int32),
            words=tuple(columns[2]),
            start_ms=np.array(columns[3], np.int32),
            end_ms=np.array(columns[4], np.int32),
            acoustic=np.array(columns[5], np.float64),
            label=np.array(columns[6], np.float64),
            final_acoustic=acoustic,
            final_label=label,
        )


def _topological(utterance: str, edges: list[Row], finals: dict[int, tuple[float, float]]) -> list[int]:
    """Nodes on a path from node 0 to a final one, each after all before it."""
    after: dict[int, list[int]] = {}
    before: dict[int, list[int]] = {}
    for source, target, *_ in edges:
        after.setdefault(source, []).append(target)
        before.setdefault(target, []).append(source)
    useful = _reached({0}, after) & _reached(set(finals), before)
    if 0 not in useful:
        raise InputError(f"lattice {utterance}: no path from the start to a final node")
    entering = dict.fromkeys(useful, 0)
    for source, target, *_ in edges:
        if source in useful and target in useful:
            entering[target] += 1
    ready = [node for node in sorted(useful) if not entering[node]]
    order = []
    while ready:
        node = ready.pop(0)
        order.append(node)
        for target in after.get(node, ()):
            if target in useful:
                entering[target] -= 1
                if not entering[target]:
                    ready.append(target)
    if len(order) < len(useful):
        stuck = min(useful.difference(order))
        raise InputError(f"lattice {utterance}: node {stuck} lies on a cycle; a lattice has none")
    return order


def _reached(seeds: set[int], neighbours: dict[int, list[int]]) -> set[int]:
    found, todo = set(seeds), list(seeds)
    while todo:
        for node in neighbours.get(todo.pop(), ()):
            if node not in found:
                found.add(node)
                todo.append(node)
    return found


def _check(lattice: Lattice) -> None:
    name, edges, nodes = f"lattice {lattice.utterance}", lattice.edges, lattice.nodes
    if edges > MOST_EDGES:
        raise InputError(f"{name}: {edges} edges: at most {MOST_EDGES}")
    columns = (lattice.sources, lattice.targets, lattice.start_ms, lattice.end_ms, lattice.acoustic, lattice.label)
    if any(column.shape != (edges,) for column in columns) or lattice.final_acoustic.shape != (nodes,):
        raise InputError(f"{name}: columns of different lengths")
    if nodes == 0:
        raise InputError(f"{name}: no node")
    bad = np.flatnonzero((lattice.sources < 0) | (lattice.sources >= lattice.targets) | (lattice.targets >= nodes))
    if len(bad):
        at = bad[0]
        raise InputError(
            f"{name}: edge {at} from node {lattice.sources[at]} to {lattice.targets[at]}: must lead from a node to a "
            f"later one of {nodes}; a lattice has no cycle"
        )
    if np.any(np.diff(lattice.sources) < 0):
        raise InputError(f"{name}: edges must be in order of their source")
    scores = lattice.acoustic + lattice.label
    wrong = np.flatnonzero(~np.isfinite(scores) | (scores > HIGHEST))
    if len(wrong):
        at = wrong[0]
        raise InputError(
            f"{name}: edge {at}: acoustic + label = {lattice.acoustic[at]} + {lattice.label[at]}: must be a "
            "log-probability, 0 or less"
        )
    finals = np.isfinite(lattice.final_label)
    if np.any(np.isnan(lattice.final_label)) or np.any(np.isnan(lattice.final_acoustic[finals])):
        raise InputError(f"{name}: the end of speech at a node is no log-probability")
    if any(not word for word in lattice.words):
        raise InputError(f"{name}: edge {lattice.words.index('')}: has no word")
    entered, left = np.zeros(nodes, bool), finals.copy()
    entered[lattice.targets], entered[0], left[lattice.sources] = True, True, True
    lost = np.flatnonzero(~(entered & left))
    if len(lost):
        raise InputError(f"{name}: node {lost[0]}: lies on no path from the start to a final node")
