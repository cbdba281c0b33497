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
    """Add favoured labels that are no candidates yet, then each label's boost; returns how many there are."""
    rows = room.candidates
    tried = {(int(row[PARENT]), int(row[LABEL])) for row in rows[:count] if row[KIND] == EMIT}
    for place, entry in enumerate(still):
        if entry[ENDED]:
            continue
        for label in fusion.favoured(int(entry[FUSION])):
            if (place, label) in tried:
                continue
            tried.add((place, label))
            distance = int(float(room.largest[place] - int(room.logits[place, label])) * scale.unit + 0.5)
            own = -distance - int(room.totals[place])
            rows[count] = EMIT, place, label, entry[SCORE] + own, entry[BEST] + own, own, 0, entry[FUSION]
            count += 1
    for row in rows[:count]:
        if row[KIND] == EMIT and row[LABEL] != limits.sentence_end:
            row[NEXT_FUSION], boost = fusion.advance(int(still[row[PARENT], FUSION]), int(row[LABEL]))
            units = round(boost * UNITS)
            row[BOOST] = units
            row[REACHED] += units
            row[REACHED_BEST] += units
    return count
