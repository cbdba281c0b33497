"""Word lattices from a search's graph of labels: pieces joined to words, one path per word sequence, pruned.

::

    0 ──▁li──> 1 ──ght──> 2 ──s──> 3        0 ──lights──> 3
               └──s──> 4 ──▁off──>     ──>  0 ──lis──> 4 ──off──>

A word leads from where its first piece begins to where it may end: another word begins there, or speech ends. Different
pieces that spell the same words are added up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from azsim.errors import InputError, WorkError
from azsim.nn.rnnt.pieces import WORD_START
from azsim.speech.lattice.determinise import determinise
from azsim.speech.lattice.labels import LabelGraph
from azsim.speech.lattice.lattice import Lattice, Row
from azsim.speech.lattice.posterior import backward, forward, pruned

LEAST_POSTERIOR = 1e-3
"""Of an edge; what is less probable is left out. **Source:** assumed."""
_FINER = 0.1
"""Labels are pruned at so much less than words: several ways may spell one word."""
_GRID = 1 / 32
"""Of a log-probability: ways whose losses differ by less are the same when a lattice is made deterministic."""

_MOST_NODES = 1_000
"""Of a lattice before it is pruned; beyond, it is made of fewer labels."""


@dataclass(frozen=True, slots=True)
class _Spelling:
    """Part of a word.

    Attributes:
        node, text: where it has come, and what it spells.
        score, label: sums of the recogniser's scores, and of the labels' own.
        way: sum of the scores by which ways are ranked.
        first, last: outputs of its first and its last piece.
    """

    node: int
    text: str
    score: float
    label: float
    way: float
    first: int
    last: int


def word_lattice(
    utterance: str,
    graph: LabelGraph,
    pieces: Sequence[str],
    time_ms: Callable[[int], int],
    sentence_end: int = -1,
    least: float = LEAST_POSTERIOR,
) -> Lattice:
    """The words that may have been said.

    Scores are the recogniser's own: what was added from outside of it is taken out again.

    Args:
        utterance: its name.
        graph: what the search wrote down.
        pieces: the strings of the labels; ``U+2581`` at the beginning of one marks the start of a word.
        time_ms: of an encoder output, in time of the utterance.
        sentence_end: the label that ends a sentence and is no word.
        least: posterior of an edge that stays, 0 to 1.

    Raises:
        InputError: a piece has the mark elsewhere than at its beginning.
    """
    for piece in pieces:
        if WORD_START in piece[1:]:
            raise InputError(f"piece {piece!r}: the mark of a word's start must be at its beginning")
    threshold = least
    while True:
        rows, finals = _word_graph(_Kept.of(graph, threshold), graph, pieces, time_ms, sentence_end)
        try:
            return pruned(determinise(utterance, rows, finals, summed=True, grid=_GRID, most=_MOST_NODES), least)
        except WorkError:
            threshold = max(10 * threshold, 1e-6)
            if threshold > 1:
                raise


@dataclass(frozen=True, slots=True)
class _Kept:
    """The probable part of a graph.

    Attributes:
        leaving: node -> arcs that leave it.
        best: arcs of the most probable single way, which always stays.
        ahead, behind: float64 ``(nodes,)``: log-probability from each node to an end, and from the start to it.
        least: log-probability, of all ways together, below which one is left out.
    """

    leaving: list[list[int]]
    best: frozenset[int]
    ahead: np.ndarray
    behind: np.ndarray
    least: float

    @staticmethod
    def of(graph: LabelGraph, least: float) -> _Kept:
        """Without arcs much less probable than ``least``; a way through a word is left out below it."""
        best = _best_way(graph)
        leaving, behind, ahead = _probable(graph, least * _FINER, best)
        with np.errstate(divide="ignore"):
            return _Kept(leaving, best, ahead, behind, float(ahead[0] + np.log(least)))


def _best_way(graph: LabelGraph) -> frozenset[int]:
    """The arcs of the most probable single way."""
    ahead, onward = dict(graph.ends), {}
    for arc in np.argsort(-graph.sources.astype(np.int64), kind="stable").tolist():
        source, target = int(graph.sources[arc]), int(graph.targets[arc])
        score = graph.scores[arc] + ahead.get(target, -np.inf)
        if score > ahead.get(source, -np.inf):
            ahead[source], onward[source] = score, arc
    found, node = [], 0
    while node in onward:
        found.append(onward[node])
        node = int(graph.targets[onward[node]])
    return frozenset(found)


def _probable(
    graph: LabelGraph, least: float, best: frozenset[int]
) -> tuple[list[list[int]], np.ndarray, np.ndarray]:
    """Arcs that leave each node and are not less probable than ``least``, or the best; what is behind and ahead."""
    nodes = 1 + max([0, *graph.ends, *graph.targets.tolist()])
    order = np.argsort(graph.sources, kind="stable")
    sources, targets, scores = graph.sources[order], graph.targets[order], graph.scores[order]
    finals = np.full(nodes, -np.inf)
    for node, score in graph.ends.items():
        finals[node] = score
    alpha, beta = forward(sources, targets, scores, nodes), backward(sources, targets, scores, finals)
    with np.errstate(invalid="ignore"):
        share = np.exp(alpha[sources] + scores + beta[targets] - beta[0])
    leaving: list[list[int]] = [[] for _ in range(nodes)]
    for place, arc in enumerate(order.tolist()):
        if share[place] >= least or arc in best:
            leaving[sources[place]].append(arc)
    return leaving, alpha, beta


def _word_graph(
    kept: _Kept,
    graph: LabelGraph,
    pieces: Sequence[str],
    time_ms: Callable[[int], int],
    sentence_end: int,
) -> tuple[list[Row], dict[int, tuple[float, float]]]:
    """Edges and ends between the nodes at which words begin and end."""
    own = np.minimum(graph.scores - graph.boosts, 0.0)
    columns = graph.targets.tolist(), graph.labels.tolist(), own.tolist(), graph.posteriors.tolist()
    targets, labels, scores, posteriors = columns
    raw, leaving = graph.scores.tolist(), kept.leaving
    outputs = graph.outputs.tolist()
    ends: dict[int, float] = {node: score - graph.final_boosts.get(node, 0.0) for node, score in graph.ends.items()}
    for arcs in leaving:
        for arc in arcs:
            if labels[arc] == sentence_end:
                source, score = int(graph.sources[arc]), scores[arc] + ends.get(targets[arc], -np.inf)
                ends[source] = float(np.logaddexp(ends.get(source, -np.inf), score))

    def words_from(start: int) -> Iterator[_Spelling]:
        """Every word that begins there, at every node where it may end."""
        least = kept.least - float(kept.behind[start])
        todo = [_Spelling(start, "", 0.0, 0.0, 0.0, -1, -1)]
        while todo:
            at = todo.pop()
            goes_on = at.node in ends
            for arc in leaving[at.node]:
                if labels[arc] == sentence_end:
                    continue
                piece = pieces[labels[arc]]
                begins = piece.startswith(WORD_START)
                if at.text and begins:
                    goes_on = True
                    continue
                if not at.text and not begins and at.node == start != 0:
                    continue
                following = raw[arc] + kept.ahead[targets[arc]]
                if at.way + following < least and arc not in kept.best:
                    continue
                todo.append(
                    _Spelling(
                        targets[arc],
                        at.text + piece.removeprefix(WORD_START),
                        at.score + scores[arc],
                        at.label + posteriors[arc],
                        at.way + raw[arc],
                        at.first if at.text else outputs[arc],
                        outputs[arc],
                    )
                )
            if at.text and goes_on:
                yield at

    rows: list[Row] = []
    seen, waiting = {0}, [0]
    while waiting:
        start = waiting.pop()
        for word in words_from(start):
            begin_ms, end_ms = time_ms(word.first), time_ms(max(word.first, word.last))
            rows.append((start, word.node, word.text, begin_ms, end_ms, word.score - word.label, word.label))
            if word.node not in seen:
                seen.add(word.node)
                waiting.append(word.node)
    return rows, {node: (score, 0.0) for node, score in ends.items() if node in seen and score > -np.inf}
