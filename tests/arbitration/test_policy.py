"""The table that the compiled loop reads of a policy."""

from __future__ import annotations

from azsim.devices.board_spec import PrioritySpec
from azsim.soc.arbitration import CLIENTS, POLICIES, policy_of
from azsim.soc.arbitration.table import HELD, HIGHEST_PRIORITY, HOLD_FS, OWN, RANK, ROWS, empty_table, ranked_table
from tests.soc.arbitration.cases import REGULATED
from tests.soc.cases import device


def test_ranks_turn_priorities_round() -> None:
    priority = PrioritySpec(playback=15, microphone=3, npu=0, cpu=3, network=9)
    table = ranked_table(priority)
    assert sorted(range(len(CLIENTS)), key=lambda client: table[RANK, client]) == [0, 4, 1, 3, 2]
    assert (table[RANK] + [getattr(priority, client) for client in CLIENTS] == HIGHEST_PRIORITY).all()
    assert not table[[HELD, HOLD_FS]].any()


def test_every_policy_s_rows_are_behind_those_of_the_loop() -> None:
    assert sorted({RANK, HELD, HOLD_FS, OWN}) == [0, 1, 2, 3]
    for name in POLICIES:
        made = policy_of(device(memory__arbitration=name, **REGULATED)).table()
        assert made.shape == empty_table().shape == (ROWS, len(CLIENTS))
        assert made.dtype == empty_table().dtype == "int64"


def test_tables_are_made_anew() -> None:
    for name in POLICIES:
        policy = policy_of(device(memory__arbitration=name, **REGULATED))
        policy.table()[:] = 99
        assert not (policy.table() == 99).any()
