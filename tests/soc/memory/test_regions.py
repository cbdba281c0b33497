"""Addresses of the clients."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.arbitration import BOARD, CPU
from azsim.soc.memory import columns, dram
from azsim.soc.memory.regions import SCATTERED, Regions, row_address
from tests.arbitration.cases import BOARD_CLIENTS

CAPACITY = 1 << 20


@settings(max_examples=50, deadline=None)
@given(asked=st.lists(st.tuples(st.sampled_from([0, 1, 2, 4]), st.integers(1, 60_000)), max_size=40))
def test_places_are_aligned_lie_in_the_client_s_region_and_follow_each_other(asked: list[tuple[int, int]]) -> None:
    regions = Regions(CAPACITY, BOARD_CLIENTS)
    assert regions.region_bytes * len(BOARD) <= CAPACITY
    ends = [client * regions.region_bytes for client in range(len(BOARD))]
    for client, size in asked:
        start = client * regions.region_bytes
        address = regions.place(client, size)
        assert address % 4096 == 0
        assert start <= address
        assert address + size <= start + regions.region_bytes
        assert address == (ends[client] if ends[client] + size <= start + regions.region_bytes else start)
        ends[client] = -(-(address + size) // 4096) * 4096


def test_a_core_s_lines_lie_scattered_in_its_region() -> None:
    regions = Regions(CAPACITY, BOARD_CLIENTS)
    assert regions.place(CPU, 64) == SCATTERED
    config = np.zeros(dram.CONFIG_CELLS, np.int64)
    config[columns.REGION_BYTES] = regions.region_bytes
    queue = np.zeros((1, columns.REQUEST_COLUMNS), np.int64)
    queue[0, [columns.R_CLIENT, columns.R_ADDRESS, columns.R_BYTES]] = CPU, SCATTERED, 64 * 4096
    found = []
    for age in range(8):
        for line in range(64):
            queue[0, [columns.R_AGE, columns.R_LEFT]] = age, 64 * (4096 - line)
            found.append(int(row_address(config, queue, 0)) - CPU * regions.region_bytes)
    assert all(0 <= address < regions.region_bytes and address % 64 == 0 for address in found)
    share = np.bincount(np.array(found) * 8 // regions.region_bytes, minlength=8) / len(found)
    assert share == pytest.approx(np.full(8, 1 / 8), abs=0.05)


def test_a_ring_is_read_in_order() -> None:
    config = np.zeros(dram.CONFIG_CELLS, np.int64)
    queue = np.zeros((1, columns.REQUEST_COLUMNS), np.int64)
    queue[0, [columns.R_ADDRESS, columns.R_BYTES]] = 8192, 1000
    for left, moved, address in ((1000, 0, 8192), (1000, 64, 8256), (600, 0, 8592), (600, 128, 8720)):
        queue[0, [columns.R_LEFT, columns.R_MOVED]] = left, moved
        assert row_address(config, queue, 0) == address
