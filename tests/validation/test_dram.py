"""The DRAM beside its closed forms: unloaded latency, streaming peak, refresh-limited ceiling, one-bank conflicts.

The formulas are those of ramulator2's ``tests/latency_throughput/utils/checks.py``.
"""

from __future__ import annotations

import numpy as np
import pytest

from azsim.devices.dram_parts import TIMINGS
from azsim.reference.probe import Probe
from azsim.soc.memory.bank import ACCESS_BYTES

BURSTS_PS = {"lpddr4-3200-x16": 5000, "lpddr4-3200-x16-4gb": 5000, "lpddr4-4266-2x16": 3750, "lpddr3-1600-x32": 5000}
PARTS = pytest.mark.parametrize("name", sorted(TIMINGS))


def part(name: str, *, refreshed: bool = False) -> Probe:
    """A part at its own speed."""
    return Probe(TIMINGS[name], BURSTS_PS[name], refreshed=refreshed)


@PARTS
def test_unloaded_latency(name):
    probe, quiet = part(name), 10**6
    one = probe.timings.burst_bytes
    assert probe.access(0, size=one, at=quiet)[1] - quiet == probe.timings.closed_ps(probe.burst_ps)
    assert probe.access(64, size=one, at=2 * quiet)[1] - 2 * quiet == probe.timings.hit_ps(probe.burst_ps)
    assert probe.access(probe.in_row(1), size=one, at=3 * quiet)[1] - 3 * quiet == probe.timings.conflict_ps(
        probe.burst_ps
    )


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
        probe = part(name)
        times = [probe.access(number * ACCESS_BYTES, write=write) for number in range(5000)]
        assert times[-1][1] - times[0][0] == 5000 * probe.access_ps


@PARTS
def test_refreshes_leave_a_stream_what_the_formula_says(name):
    probe = part(name, refreshed=True)
    intervals = 400
    end = moved = 0
    while end < intervals * probe.timings.refi_ps:
        _, end = probe.access(moved * ACCESS_BYTES)
        moved += 1
    share = moved * probe.access_ps / end
    ceiling = probe.timings.refresh_ceiling()
    # the formula counts from a read to the next after the refresh, of which one burst would have passed anyway
    assert ceiling < share < ceiling + (probe.access_ps + probe.burst_ps) / probe.timings.refi_ps
    expected = {"lpddr4-3200-x16": 0.917, "lpddr4-3200-x16-4gb": 0.943, "lpddr3-1600-x32": 0.956}
    assert share == pytest.approx(expected.get(name, share), abs=0.002)


@PARTS
def test_ever_new_rows_of_one_bank_take_a_row_cycle_each(name):
    probe = part(name)
    starts = [probe.access(probe.in_row(row))[0] for row in range(200)]
    assert np.diff(starts).tolist() == [probe.timings.rc_ps] * 199
    assert probe.timings.conflict_gbps() == pytest.approx(1.06, abs=0.01)


@PARTS
def test_four_activates_per_window(name):
    probe = part(name)
    banks = probe.timings.banks
    starts = np.array([probe.access(probe.in_row(number // banks, number % banks))[0] for number in range(64)])
    gaps = starts[4:] - starts[:-4]
    assert gaps.min() >= max(probe.timings.faw_ps, 4 * probe.timings.rrd_ps, 4 * probe.access_ps)
    assert (np.diff(starts) >= probe.timings.rrd_ps).all()


@PARTS
def test_turning_the_bus_round_costs_its_gaps(name):
    probe, timings = part(name), TIMINGS[name]
    probe.access(0)
    _, read_end = probe.access(64)
    write_start, write_end = probe.access(128, write=True)
    assert write_start - read_end == timings.rtw_ps
    read_start, _ = probe.access(192)
    assert read_start - write_end == timings.wtr_ps + timings.read_latency_ps


@PARTS
def test_a_row_that_was_written_stays_open_until_it_may_be_closed(name):
    probe, timings = part(name), TIMINGS[name]
    _, end = probe.access(0, write=True)
    start, _ = probe.access(probe.in_row(1), write=True)
    wait = end + timings.wr_ps + timings.rp_ps + timings.rcd_ps + timings.write_latency_ps
    assert start == max(wait, timings.rc_ps + timings.rcd_ps + timings.write_latency_ps)
