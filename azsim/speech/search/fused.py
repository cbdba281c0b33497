"""The turns of a beam in which a `Fusion` has a say: it boosts and adds candidates before any are pruned."""

from __future__ import annotations

import numpy as np

from azsim.nn.rnnt.batch import Networks, States
from azsim.speech.search.expand import BeamLimits, Scale, TurnRoom, expand
from azsim.speech.search.fusion import Fusion
from azsim.speech.search.log_probability import UNITS
from azsim.speech.search.tables import (
    BEST,
    BOOST,
    EMIT,
    ENDED,
    ENTRY_FIELDS,
    FUSION,
    KIND,
    LABEL,
    NEXT_FUSION,
    NODE,
    PARENT,
    REACHED,
    REACHED_BEST,
    SCORE,
    Nodes,
    Record,
    Traces,
    Uses,
)
from azsim.speech.search.turns import keep, turn


def run_fused(
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
    fusion: Fusion,
) -> np.ndarray:
    """As `azsim.speech.search.turns.run`, with boosts."""
    live = np.empty(limits.beam * (limits.levels + 1), np.int64)
    for t, output in enumerate(encoded):
        through, still = np.empty((0, ENTRY_FIELDS), np.int64), entries
        live_count = len(entries)
        live[:live_count] = entries[:, NODE]
        for level in range(1, limits.levels + 1):
            given = output, through, len(through), still, len(still), room
            count = expand(networks, states, scale, limits, *given)
            count = _boost(scale, limits, still, count, room, fusion)
            through, still, live_count = turn(
                networks, states, uses, scale, limits, first_output + t, level, count, through, still, nodes, traces,
                counters, record, room, live, live_count,
            )  # fmt: skip
            if not len(still):
                break
        entries = through
        keep(entries, record, t)
    return entries


def _boost(scale: Scale, limits: BeamLimits, still: np.ndarray, count: int, room: TurnRoom, fusion: Fusion) -> int:
    """Add each label's boost, and favoured labels that are no candidates yet and may survive; returns how many."""
    rows = room.candidates
    tried = _advance(rows[:count], limits, still, fusion)
    least = int(rows[:count, REACHED].max()) - limits.width - round(fusion.most * UNITS)
    first = count
    for place, entry in enumerate(still):
        if entry[ENDED]:
            continue
        labels = np.asarray(fusion.favoured(int(entry[FUSION])), np.int64)
        if not labels.size:
            continue
        distances = np.int64(room.largest[place]) - room.logits[place, labels]
        own = -(distances * scale.unit + 0.5).astype(np.int64) - room.totals[place]
        for at in np.flatnonzero(entry[SCORE] + own >= least):
            if (place, int(labels[at])) not in tried:
                given = entry[SCORE] + own[at], entry[BEST] + own[at], own[at], 0, entry[FUSION]
                rows[count] = EMIT, place, labels[at], *given
                count += 1
    _advance(rows[first:count], limits, still, fusion)
    return count


def _advance(rows: np.ndarray, limits: BeamLimits, still: np.ndarray, fusion: Fusion) -> set[tuple[int, int]]:
    """Add the boost of each row that emits a label; their entries and labels."""
    tried = set()
    for at in np.flatnonzero(rows[:, KIND] == EMIT):
        row = rows[at]
        place, label = int(row[PARENT]), int(row[LABEL])
        tried.add((place, label))
        if label != limits.sentence_end:
            row[NEXT_FUSION], boost = fusion.advance(int(still[place, FUSION]), label)
            units = round(boost * UNITS)
            row[BOOST] = units
            row[REACHED] += units
            row[REACHED_BEST] += units
    return tried
