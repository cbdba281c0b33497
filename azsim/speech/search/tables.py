"""What a beam search writes down as it goes: nodes of the label graph, traces, states in use, turns.

::

    entries  what is possible now: a node, its probability, the best way to it     a few rows
    nodes    labels with those that they follow, and how much flowed along         the label graph
    trace    label after label of single alignments                               words and times of any entry

All probabilities are logarithms in units of `azsim.speech.search.log_probability`. Tables grow between two calls of
compiled code, never within one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Columns of an entry.
NODE, SCORE, BEST, TRACE, PLACE, FUSION, ENDED = 0, 1, 2, 3, 4, 5, 6
ENTRY_FIELDS = 7
"""`SCORE`: of all alignments and merged histories, boosts included; `BEST`: of the best one; `PLACE`: of its state."""

# Columns of a candidate.
KIND, PARENT, LABEL, REACHED, REACHED_BEST, POSTERIOR, BOOST, NEXT_FUSION = 0, 1, 2, 3, 4, 5, 6, 7
CANDIDATE_FIELDS = 8
STAY, PAUSE, EMIT = 0, 1, 2
"""Kinds: an entry that is through with this output; one that goes on with a blank; one that emits a label."""

# Counters.
NODES, TRACES, TURNS, JOINED, RUNS, CLOCK, IDENTITY = 0, 1, 2, 3, 4, 5, 6
COUNTERS = 7

MOST_ARCS = 8
"""Into a node; the weakest gives way. **Source:** assumed."""
NO_NODE = -1


class Nodes(NamedTuple):
    """The label graph: a node is a label in its context, an arc leads from what it follows.

    Attributes:
        inflow: int64 ``(n,)``: all that ever came in.
        label: int32 ``(n,)``.
        context: int32 ``(n, w)``: what tells nodes apart: the last labels, or parent and label.
        arcs: int32 ``(n,)``: arcs into it.
        parent, output: int32 ``(n, MOST_ARCS)``: where an arc comes from; output of its most probable emission.
        flow, most, posterior, boost: int64 ``(n, MOST_ARCS)``: what came along it in all; at its most probable
            emission: the best alignment's probability, the label's own, and what was added to it.
    """

    inflow: np.ndarray
    label: np.ndarray
    context: np.ndarray
    arcs: np.ndarray
    parent: np.ndarray
    output: np.ndarray
    flow: np.ndarray
    most: np.ndarray
    posterior: np.ndarray
    boost: np.ndarray

    @staticmethod
    def zeros(size: int, width: int) -> Nodes:
        """Room for so many nodes."""
        many = (size, MOST_ARCS)
        return Nodes(
            np.zeros(size, np.int64),
            np.zeros(size, np.int32),
            np.zeros((size, width), np.int32),
            np.zeros(size, np.int32),
            *(np.zeros(many, np.int32) for _ in range(2)),
            *(np.zeros(many, np.int64) for _ in range(4)),
        )


class Traces(NamedTuple):
    """Single alignments, each label linked to the one before it; arrays ``(n,)``, -1 where there is none before."""

    before: np.ndarray
    label: np.ndarray
    output: np.ndarray
    posterior: np.ndarray

    @staticmethod
    def zeros(size: int) -> Traces:
        """Room for so many labels."""
        return Traces(*(np.zeros(size, np.int32) for _ in range(3)), np.zeros(size, np.int64))


class Uses(NamedTuple):
    """Which label history each state is of; arrays ``(places,)``.

    A history is known by the identity of the one before it and its last label. `used` is the clock when it was last
    asked for: what was not for longest makes room.
    """

    identity: np.ndarray
    before: np.ndarray
    label: np.ndarray
    used: np.ndarray

    @staticmethod
    def zeros(places: int) -> Uses:
        """Nothing in use."""
        return Uses(*(np.zeros(places, np.int64) for _ in range(4)))


class Record(NamedTuple):
    """What was asked of the networks in one call.

    Attributes:
        turns: int32 ``(n, 3)``: output, hypotheses asked of the joint, histories asked of the prediction network.
        joined: int8 ``(n, J)``: inputs of the joint's output matrix.
        labels: int32 ``(n,)``: what the prediction network was asked to go on with.
        hidden: int8 ``(n, 2, layers, units)``: its hidden state before and after.
        kept: int64 ``(outputs, beam, 2)``: trace and score of each entry after each output; `NO_NODE` without one.
    """

    turns: np.ndarray
    joined: np.ndarray
    labels: np.ndarray
    hidden: np.ndarray
    kept: np.ndarray

    @staticmethod
    def zeros(outputs: int, levels: int, beam: int, joint: int, state: tuple[int, ...]) -> Record:
        """Room for so many outputs."""
        most = outputs * levels
        return Record(
            np.zeros((most, 3), np.int32),
            np.zeros((most * beam, joint), np.int8),
            np.zeros(most * beam, np.int32),
            np.zeros((most * beam, 2, *state), np.int8),
            np.full((outputs, beam, 2), NO_NODE, np.int64),
        )


def grown(table: NamedTuple, size: int) -> NamedTuple:
    """The same table with room for ``size`` rows or more."""
    have = len(table[0])
    if have >= size:
        return table
    more = max(size, 2 * have) - have
    parts = [np.concatenate([part, np.zeros((more, *part.shape[1:]), part.dtype)]) for part in table]
    return type(table)(*parts)
