"""Waits divided among those that were served: against a count picosecond by picosecond, and against the totals."""

from __future__ import annotations

import numpy as np

from azsim.arbitration import BOARD, CPU, NPU, PLAYBACK
from azsim.soc import simulate
from azsim.soc.memory.columns import L_CLIENT, L_END, L_REQUEST, L_START
from azsim.soc.waits import waits_for_clients, who_waits_for_whom
from tests.soc.cases import device, schedules, track, work


def test_a_wait_belongs_to_those_who_were_served():
    grants = np.array(
        [
            [CPU, 0, 0, 0, 10, 1, 1],
            [PLAYBACK, 0, 3, 10, 14, 1, 2],
            [NPU, 0, 2, 14, 20, 1, 0],
            [NPU, 0, 30, 31, 40, 1, 0],
        ],
        np.int64,
    )
    waits = waits_for_clients(grants)
    assert waits[0].sum() == 0
    assert (waits[1, CPU], waits[1].sum()) == (7, 7)
    assert (waits[2, CPU], waits[2, PLAYBACK], waits[2].sum()) == (8, 4, 12)
    assert waits[3].sum() == 0  # nobody was served: it was held back
    total = who_waits_for_whom(grants)
    assert (total[NPU, CPU], total[NPU, PLAYBACK], total[PLAYBACK, CPU], total.sum()) == (8, 4, 7, 19)


def test_every_wait_of_a_busy_device_is_explained_and_counted_by_hand():
    busy = device(memory__peak_gbps=2.0)
    timeline = simulate(busy, work(), schedules(20), music=track(), trace=True)
    grants = timeline.grants
    waits = waits_for_clients(grants)
    assert (waits.sum(axis=1) == grants[:, L_START] - grants[:, L_REQUEST]).all()
    longest = int(np.argmax(grants[:, L_START] - grants[:, L_REQUEST]))
    asked, granted = grants[longest, L_REQUEST], grants[longest, L_START]
    for client in range(len(BOARD)):
        own = grants[grants[:, L_CLIENT] == client]
        overlap = np.minimum(own[:, L_END], granted) - np.maximum(own[:, L_START], asked)
        assert waits[longest, client] == overlap[overlap > 0].sum()
