"""A DRAM by itself; its closed forms are in tests/validation/test_dram.py."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.devices.dram_parts import TIMINGS
from azsim.reference.probe import Probe

PART = TIMINGS["lpddr4-3200-x16"]
BURST_PS = 5000


@pytest.mark.parametrize("row", [0, 1, 7])
def test_addresses_go_through_a_page_then_the_banks_then_the_rows(row: int) -> None:
    probe = Probe(PART, BURST_PS)
    pages = [probe.in_row(row, bank) // PART.page_bytes for bank in range(PART.banks)]
    assert pages == list(range(row * PART.banks, (row + 1) * PART.banks))
    last = probe.in_row(row, PART.banks - 1) + PART.page_bytes
    assert last == probe.in_row(row + 1)


def test_decisions_and_data_never_go_back() -> None:
    rng, probe = np.random.default_rng(0), Probe(PART, BURST_PS, refreshed=True)
    before, bus_free = 0, 0
    for _ in range(300):
        address = int(rng.integers(0, 1 << 20)) * 64
        start, end = probe.access(address, write=bool(rng.random() < 0.3), at=before + int(rng.integers(0, 60_000)))
        assert end - start == probe.access_ps == 2 * BURST_PS
        assert start >= bus_free
        assert probe.now >= before
        before, bus_free = probe.now, end


def test_what_was_asked_for_long_ago_is_decided_now() -> None:
    probe = Probe(PART, BURST_PS)
    probe.access(0, at=10**6)
    assert probe.access(0, at=0)[0] > 10**6


def test_only_with_refreshes_is_a_row_lost() -> None:
    later = 2 * PART.refi_ps
    for refreshed in (False, True):
        probe = Probe(PART, BURST_PS, refreshed=refreshed)
        probe.access(0, size=PART.burst_bytes, at=0)
        end = probe.access(64, size=PART.burst_bytes, at=later - 10)[1]
        latency = end - (later - 10)
        assert latency == (PART.closed_ps if refreshed else PART.hit_ps)(BURST_PS)
