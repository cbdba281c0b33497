"""The first half of a beam's turn: ask the joint for all open entries at once, and list what could follow each.

::

    open entries ──joint, n at once──> logits ──> log-probabilities ──> blank, and the best labels of each
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from azsim.compiled import njit
from azsim.nn.rnnt.batch import Networks, States, join_batch
from azsim.speech.search.log_probability import log_total
from azsim.speech.search.search import BLANK
from azsim.speech.search.tables import (
    BEST,
    BOOST,
    EMIT,
    ENDED,
    FUSION,
    KIND,
    LABEL,
    NEXT_FUSION,
    PARENT,
    PAUSE,
    PLACE,
    POSTERIOR,
    REACHED,
    REACHED_BEST,
    SCORE,
    STAY,
)


class Scale(NamedTuple):
    """How logits become log-probabilities: units in a step of the logits, and the table of exp."""

    unit: float
    exps: np.ndarray


class BeamLimits(NamedTuple):
    """What keeps a beam small.

    Attributes:
        beam: most entries.
        width: units that an entry may be less probable than the best one.
        expansions: most labels that follow an entry at a turn.
        levels: most labels at one output.
        sentence_end: the label after which nothing more is said.
        merges: whether contexts are the last labels, not whole histories.
    """

    beam: int
    width: int
    expansions: int
    levels: int
    sentence_end: int
    merges: bool


class TurnRoom(NamedTuple):
    """Room for one turn: candidates int64, logits int32 ``(beam, V)``, and each row's largest and total."""

    candidates: np.ndarray
    logits: np.ndarray
    largest: np.ndarray
    totals: np.ndarray
    joined: np.ndarray


@njit(cache=True, nogil=True)
def expand(
    networks: Networks,
    states: States,
    scale: Scale,
    limits: BeamLimits,
    encoded: np.ndarray,
    through: np.ndarray,
    through_count: int,
    still: np.ndarray,
    still_count: int,
    room: TurnRoom,
) -> int:
    """Ask the joint for the entries ``still`` open, and write what is possible next into ``room.candidates``.

    Those ``through`` with this output come first and stay; of each other entry its blank and labels come together,
    the most probable first, of equal logits the lower label. Returns how many candidates there are.
    """
    found = room.candidates
    count = 0
    for i in range(through_count):
        _write(found[count], STAY, i, BLANK, through[i], 0)
        count += 1
    places = np.empty(still_count, np.int64)
    for i in range(still_count):
        places[i] = still[i, PLACE]
    join_batch(networks, encoded, states, places, still_count, room.joined, room.logits)
    labels = np.empty(limits.expansions, np.int64)
    for i in range(still_count):
        if still[i, ENDED]:
            _write(found[count], PAUSE, i, BLANK, still[i], 0)
            count += 1
            continue
        logits = room.logits[i]
        largest = np.int64(logits[0])
        for label in range(1, logits.size):
            if logits[label] > largest:
                largest = np.int64(logits[label])
        total = log_total(scale.exps, logits, largest, scale.unit)
        room.largest[i], room.totals[i] = largest, total
        kept = _best_labels(logits, largest - np.int64(limits.width / scale.unit) - 1, labels)
        paused = False
        for k in range(kept + 1):
            if not paused and (k == kept or logits[labels[k]] <= logits[BLANK]):
                own = -np.int64((largest - np.int64(logits[BLANK])) * scale.unit + 0.5) - total
                _write(found[count], PAUSE, i, BLANK, still[i], own)
                count += 1
                paused = True
            if k < kept:
                own = -np.int64((largest - np.int64(logits[labels[k]])) * scale.unit + 0.5) - total
                _write(found[count], EMIT, i, labels[k], still[i], own)
                count += 1
    return count


@njit(cache=True, nogil=True)
def _best_labels(logits: np.ndarray, least: int, labels: np.ndarray) -> int:
    """Write the labels of the largest logits, ``least`` or more, blank left out, in order; returns how many."""
    kept = 0
    for label in range(1, logits.size):
        value = np.int64(logits[label])
        if value < least:
            continue
        if kept == labels.size:
            if value <= logits[labels[kept - 1]]:
                continue
            kept -= 1
        at = kept
        while at and logits[labels[at - 1]] < value:
            labels[at] = labels[at - 1]
            at -= 1
        labels[at] = label
        kept += 1
    return kept


@njit(cache=True, nogil=True)
def _write(row: np.ndarray, kind: int, parent: int, label: int, entry: np.ndarray, own: int) -> None:
    """A candidate: what ``entry`` becomes by a label, or by none, of log-probability ``own``."""
    row[KIND], row[PARENT], row[LABEL] = kind, parent, label
    row[REACHED], row[REACHED_BEST], row[POSTERIOR] = entry[SCORE] + own, entry[BEST] + own, own
    row[BOOST], row[NEXT_FUSION] = 0, entry[FUSION]
