"""States of the prediction network by label history, a bounded number of them; what is missing runs as one batch.

::

    (history, label) wanted ──there──> its place
                     └──not there──> the place that was not asked for longest ──batch──> prediction network
"""

from __future__ import annotations

import numpy as np

from azsim.compiled import njit
from azsim.nn.rnnt.batch import Networks, States, predict_batch
from azsim.speech.search.tables import CLOCK, IDENTITY, PLACE, RUNS, Record, Uses


@njit(cache=True, nogil=True)
def provide(
    networks: Networks,
    states: States,
    uses: Uses,
    counters: np.ndarray,
    record: Record,
    through: np.ndarray,
    still: np.ndarray,
    asked: np.ndarray,
) -> int:
    """Write the places of all states that entries need into them; run the prediction network for those not there.

    Args:
        networks: the weights.
        states, uses: the cache; `States` has one place more than `Uses`, the state before the start.
        counters, record: what is written down.
        through, still: entries after a turn, whose places are still their parents' where they emitted a label.
        asked: of `azsim.speech.search.settle.settle`.

    Returns:
        For how many histories the prediction network ran.
    """
    counters[CLOCK] += 1
    now = counters[CLOCK]
    for k in range(through.shape[0]):
        uses.used[through[k, PLACE]] = now
    for k in range(still.shape[0]):
        uses.used[still[k, PLACE]] = now
    most = asked.shape[0]
    before, labels, after = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    count = 0
    for k in range(most):
        parent, label, row = asked[k, 0], asked[k, 1], asked[k, 2]
        place = -1
        for other in range(uses.label.size):
            if uses.before[other] == uses.identity[parent] and uses.label[other] == label and uses.identity[other]:
                place = other
        if place < 0:
            place = 0
            for other in range(1, uses.used.size):
                if uses.used[other] < uses.used[place]:
                    place = other
            counters[IDENTITY] += 1
            uses.identity[place], uses.before[place] = counters[IDENTITY], uses.identity[parent]
            uses.label[place] = label
            before[count], labels[count], after[count] = parent, label, place
            count += 1
        uses.used[place] = now
        if row >= 0:
            still[row, PLACE] = place
        else:
            through[-1 - row, PLACE] = place
    if count:
        predict_batch(networks, states, before, labels, after, count)
        for k in range(count):
            run = counters[RUNS]
            counters[RUNS] += 1
            record.labels[run] = labels[k]
            record.hidden[run, 0], record.hidden[run, 1] = states.hidden[before[k]], states.hidden[after[k]]
    return count
