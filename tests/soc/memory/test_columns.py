"""No two things share a cell of the arrays of the compiled loop."""

from __future__ import annotations

import pytest

from azsim.devices.dram_parts import TIMINGS
from azsim.soc.memory import columns, dram

QUEUE = [name for name in vars(columns) if name.startswith("R_")]
LOG = [name for name in vars(columns) if name.startswith("L_")]
TILES = [name for name in vars(columns) if name.startswith("T_")]
CONFIG = ["FS_PER_BYTE", "CHUNK_BYTES", "PORT_BYTES", "CYCLE_TICKS", "LATENCY_TICKS", "MERGE_PS", "BEATS_BYTES", "HOOK"]
CONFIG += ["HOLDS", "BANKED", "DEVICE_PS", "ACCESS_BYTES", "REGION_BYTES"]
STATE = ["DRAM_FREE", "PENDING", "ACTIVE", "START", "TILE", "DONE_BYTES", "REQUEST", "WAITED", "LOGGED", "NEXT_GRANT"]
STATE += ["MOVED", "LAST_END", "NPU_ADDRESS"]


@pytest.mark.parametrize("names", [QUEUE, LOG, TILES, CONFIG, STATE], ids=["queue", "log", "tiles", "config", "state"])
def test_cells_are_numbered_through(names: list[str]) -> None:
    assert sorted(getattr(columns, name) for name in names) == list(range(len(names)))


def test_a_row_of_the_queue_holds_its_columns() -> None:
    assert len(QUEUE) == columns.REQUEST_COLUMNS


@pytest.mark.parametrize("part", sorted(TIMINGS))
def test_the_dram_stands_behind_the_loop_s_own_cells(part: str) -> None:
    cells = dram.config_cells(TIMINGS[part], 5000)
    assert dram.CONFIG_CELLS - len(cells) >= len(CONFIG)
    assert not dram.initial_state(TIMINGS[part])[: len(STATE)].any()
