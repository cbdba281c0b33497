"""The turns of a beam over encoder outputs, all of it compiled: what runs where nothing outside has a say.

::

    output t:  entries ──expand──> candidates ──settle──> through, still open ──┐ until none is open,
                  ^                                            └──────────────┘ or 4 labels each
                  └── through ──> output t + 1
"""

from __future__ import annotations

import numpy as np

from azsim.compiled import njit
from azsim.nn.rnnt.batch import Networks, States
from azsim.speech.search.expand import BeamLimits, Scale, TurnRoom, expand
from azsim.speech.search.settle import settle
from azsim.speech.search.state_cache import provide
from azsim.speech.search.tables import (
    ENTRY_FIELDS,
    JOINED,
    NODE,
    SCORE,
    TRACE,
    TURNS,
    Nodes,
    Record,
    Traces,
    Uses,
)


@njit(cache=True, nogil=True)
def run(
    networks: Networks,
    states: States,
    uses: Uses,
    scale: Scale,
    limits: BeamLimits,
    encoded: np.ndarray,
    first_output: int,
    entries: np.ndarray,
    nodes: Nodes,
    traces: Traces,
    counters: np.ndarray,
    record: Record,
    room: TurnRoom,
) -> np.ndarray:
    """The entries after ``encoded`` ``(m, J)``, whose first output is number ``first_output``."""
    live = np.empty(limits.beam * (limits.levels + 1), np.int64)
    for t in range(encoded.shape[0]):
        through, still = np.empty((0, ENTRY_FIELDS), np.int64), entries
        live_count = entries.shape[0]
        for k in range(live_count):
            live[k] = entries[k, NODE]
        for level in range(1, limits.levels + 1):
            count = expand(
                networks, states, scale, limits, encoded[t], through, through.shape[0], still, still.shape[0], room
            )  # fmt: skip
            through, still, live_count = turn(
                networks, states, uses, scale, limits, first_output + t, level, count, through, still, nodes, traces,
                counters, record, room, live, live_count,
            )  # fmt: skip
            if not still.shape[0]:
                break
        entries = through
        keep(entries, record, t)
    return entries


@njit(cache=True, nogil=True)
def turn(
    networks: Networks,
    states: States,
    uses: Uses,
    scale: Scale,
    limits: BeamLimits,
    output: int,
    level: int,
    count: int,
    through: np.ndarray,
    still: np.ndarray,
    nodes: Nodes,
    traces: Traces,
    counters: np.ndarray,
    record: Record,
    room: TurnRoom,
    live: np.ndarray,
    live_count: int,
) -> tuple[np.ndarray, np.ndarray, int]:
    """What follows `expand`: settle its candidates, provide the states, write the turn down."""
    for k in range(still.shape[0]):
        record.joined[counters[JOINED] + k] = room.joined[k]
    counters[JOINED] += still.shape[0]
    asked_joint = still.shape[0]
    through, still, asked, live_count = settle(
        scale.exps, limits, output, level == limits.levels, room.candidates, count, through, still, nodes, traces,
        counters, live, live_count,
    )  # fmt: skip
    ran = provide(networks, states, uses, counters, record, through, still, asked)
    row = record.turns[counters[TURNS]]
    row[0], row[1], row[2] = output, asked_joint, ran
    counters[TURNS] += 1
    return through, still, live_count


@njit(cache=True, nogil=True)
def keep(entries: np.ndarray, record: Record, t: int) -> None:
    """Write down what is possible after the ``t``-th output of a call."""
    for k in range(entries.shape[0]):
        record.kept[t, k, 0], record.kept[t, k, 1] = entries[k, TRACE], entries[k, SCORE]
