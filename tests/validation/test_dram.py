"""The DRAM beside its closed forms: unloaded latency, streaming peak, refresh-limited ceiling, one-bank conflicts.

The formulas are those of ramulator2's ``tests/latency_throughput/utils/checks.py``.
"""

from __future__ import annotations

import numpy as np
import pytest

from azsim.soc.memory import dram
from azsim.soc.memory.timings import TIMINGS

BURSTS_PS = {"lpddr4-3200-x16": 5000, "lpddr4-4266-2x16": 3750, "lpddr3-1600-x32": 5000}
PARTS = pytest.mark.parametrize("name", sorted(TIMINGS))
ACCESS_BYTES = 64


class Part:
    """One DRAM, asked for accesses one by one, each as early as it may be decided."""

    def __init__(self, name: str, refreshed: bool = False) -> None:
        self.timings, self.burst_ps = TIMINGS[name], BURSTS_PS[name]
        self.config = np.zeros(dram.CONFIG_CELLS, np.int64)
        cells = dram.config_cells(self.timings, self.burst_ps)
        self.config[-len(cells) :] = cells
        self.state = dram.initial_state(self.timings)
        self.refreshed = refreshed
        self.now = 0

    def access(self, address: int, *, write: bool = False, size: int = ACCESS_BYTES, at: int = 0) -> tuple[int, int]:
        """Start and end of the data."""
        self.now = max(self.now, at)
        if self.refreshed:
            dram.refresh(self.config, self.state, self.now)
        start, end, self.now = dram.access(self.config, self.state, address, size, int(write), self.now)
        return start, end

    def in_row(self, row: int, bank: int = 0) -> int:
        """Address of a row's first byte."""
        return (row * self.timings.banks + bank) * self.timings.page_bytes

    @property
    def access_ps(self) -> int:
        """Time that an access has the bus."""
        return -(-ACCESS_BYTES // self.timings.burst_bytes) * self.burst_ps


@PARTS
def test_unloaded_latency(name):
    part, quiet = Part(name), 10**6
    one = part.timings.burst_bytes
    assert part.access(0, size=one, at=quiet)[1] - quiet == part.timings.closed_ps(part.burst_ps)
    assert part.access(64, size=one, at=2 * quiet)[1] - 2 * quiet == part.timings.hit_ps(part.burst_ps)
    assert part.access(part.in_row(1), size=one, at=3 * quiet)[1] - 3 * quiet == part.timings.conflict_ps(part.burst_ps)


@pytest.mark.parametrize(
    ("name", "hit", "closed", "conflict"), [("lpddr4-3200-x16", 26, 44, 62), ("lpddr3-1600-x32", 20, 38, 56)]
)
def test_latencies_of_the_parts_in_nanoseconds(name, hit, closed, conflict):
    timings, burst_ps = TIMINGS[name], BURSTS_PS[name]
    found = [each(burst_ps) / 1000 for each in (timings.hit_ps, timings.closed_ps, timings.conflict_ps)]
    assert np.abs(np.array(found) - [hit, closed, conflict]).max() < 1


@PARTS
def test_a_stream_of_reads_or_writes_runs_at_the_peak(name):
    for write in (False, True):
        part = Part(name)
        times = [part.access(number * ACCESS_BYTES, write=write) for number in range(5000)]
        assert times[-1][1] - times[0][0] == 5000 * part.access_ps


@PARTS
def test_refreshes_leave_a_stream_what_the_formula_says(name):
    part = Part(name, refreshed=True)
    intervals = 400
    end = moved = 0
    while end < intervals * part.timings.refi_ps:
        _, end = part.access(moved * ACCESS_BYTES)
        moved += 1
    share = moved * part.access_ps / end
    ceiling = part.timings.refresh_ceiling()
    # the formula counts from a read to the next after the refresh, of which one burst would have passed anyway
    assert ceiling < share < ceiling + (part.access_ps + part.burst_ps) / part.timings.refi_ps
    expected = {"lpddr4-3200-x16": 0.917, "lpddr3-1600-x32": 0.956}
    assert share == pytest.approx(expected.get(name, share), abs=0.002)


@PARTS
def test_ever_new_rows_of_one_bank_take_a_row_cycle_each(name):
    part = Part(name)
    starts = [part.access(part.in_row(row))[0] for row in range(200)]
    assert np.diff(starts).tolist() == [part.timings.rc_ps] * 199
    assert part.timings.conflict_gbps() == pytest.approx(1.06, abs=0.01)


@PARTS
def test_four_activates_per_window(name):
    part = Part(name)
    banks = part.timings.banks
    starts = np.array([part.access(part.in_row(number // banks, number % banks))[0] for number in range(64)])
    gaps = starts[4:] - starts[:-4]
    assert gaps.min() >= max(part.timings.faw_ps, 4 * part.timings.rrd_ps, 4 * part.access_ps)
    assert (np.diff(starts) >= part.timings.rrd_ps).all()


@PARTS
def test_turning_the_bus_round_costs_its_gaps(name):
    part, timings = Part(name), TIMINGS[name]
    part.access(0)
    _, read_end = part.access(64)
    write_start, write_end = part.access(128, write=True)
    assert write_start - read_end == timings.rtw_ps
    read_start, _ = part.access(192)
    assert read_start - write_end == timings.wtr_ps + timings.read_latency_ps


@PARTS
def test_a_row_that_was_written_stays_open_until_it_may_be_closed(name):
    part, timings = Part(name), TIMINGS[name]
    _, end = part.access(0, write=True)
    start, _ = part.access(part.in_row(1), write=True)
    wait = end + timings.wr_ps + timings.rp_ps + timings.rcd_ps + timings.write_latency_ps
    assert start == max(wait, timings.rc_ps + timings.rcd_ps + timings.write_latency_ps)
