"""Banks, bus and refresh against the rules of the standard, looked up in the whole history of commands.

Closed forms of single patterns are in tests/validation/test_dram.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.devices.dram_parts import TIMINGS, DramTimings
from azsim.reference.probe import Probe
from azsim.soc.memory import dram

BURST_PS = 5000


@dataclass
class History:
    """A DRAM as the list of its commands: each new one as early as its distance to every earlier one allows."""

    timings: DramTimings
    activates: list[tuple[int, int, int]] = field(default_factory=list)  # time, bank, row
    columns: list[tuple[int, int, bool, int]] = field(default_factory=list)  # time, bank, is a write, time of its data

    def access(self, bank: int, row: int, write: bool, size: int, now: int) -> tuple[int, int]:
        """Start and end of the data."""
        part = self.timings
        own = [(time, opened) for time, of, opened in self.activates if of == bank]
        earliest = [now]
        if not own or own[-1][1] != row:
            opening = [now]
            if own:
                activated = own[-1][0]
                closing = [now, activated + part.ras_ps]
                for time, of, wrote, busy in self.columns:
                    if of == bank and time >= activated:
                        last = time + busy - BURST_PS  # of the burst commands that make one access
                        ended = time + part.write_latency_ps + busy
                        closing.append(ended + part.wr_ps if wrote else last + part.rtp_ps)
                opening += [max(closing) + part.rp_ps, activated + part.ras_ps + part.rp_ps]
            times = [time for time, _, _ in self.activates]
            opening += [time + part.rrd_ps for time in times[-1:]]
            opening += [times[-4] + part.faw_ps] if len(times) >= 4 else []
            self.activates.append((max(opening), bank, row))
            own.append((max(opening), row))
        earliest.append(own[-1][0] + part.rcd_ps)
        for time, _, wrote, busy in self.columns:
            ended = time + (part.write_latency_ps if wrote else part.read_latency_ps) + busy
            if wrote == write:
                earliest.append(time + busy)
            elif wrote:
                earliest.append(ended + part.wtr_ps)
            else:
                earliest.append(ended + part.rtw_ps - part.write_latency_ps)
        busy = -(-size // part.burst_bytes) * BURST_PS
        column = max(earliest)
        self.columns.append((column, bank, write, busy))
        start = column + (part.write_latency_ps if write else part.read_latency_ps)
        return start, start + busy


@pytest.mark.parametrize("name", sorted(TIMINGS))
@settings(max_examples=20, deadline=None)
@given(
    accesses=st.lists(
        st.tuples(
            st.integers(0, 5), st.integers(0, 2), st.booleans(), st.sampled_from([32, 64]), st.integers(0, 90_000)
        ),
        max_size=40,
    )
)
def test_every_access_is_as_early_as_the_history_allows(name: str, accesses: list) -> None:
    probe, history, at = Probe(TIMINGS[name], BURST_PS), History(TIMINGS[name]), 0
    for bank, row, write, size, pause in accesses:
        at = max(at, probe.now) + pause * (pause > 45_000)
        expected = history.access(bank, row, write, size, at)
        assert probe.access(probe.in_row(row, bank), write=write, size=size, at=at) == expected


def test_a_refresh_closes_every_row_and_waits_for_what_must_not_be_cut_short() -> None:
    part = TIMINGS["lpddr4-3200-x16"]
    probe = Probe(part, BURST_PS, refreshed=True)
    probe.access(0, write=True, size=part.burst_bytes, at=part.refi_ps - 1000)
    column = part.refi_ps - 1000 + part.rcd_ps
    closable = column + part.write_latency_ps + BURST_PS + part.wr_ps
    start, _ = probe.access(0, size=part.burst_bytes, at=part.refi_ps)
    refreshed = closable + part.rp_all_ps + part.rfc_ps
    assert start == refreshed + part.rcd_ps + part.read_latency_ps


def test_refreshes_that_fell_due_while_nobody_asked_are_over() -> None:
    part = TIMINGS["lpddr4-3200-x16"]
    probe = Probe(part, BURST_PS, refreshed=True)
    at = 10 * part.refi_ps + part.rfc_ps  # the tenth is just done
    assert probe.access(0, size=part.burst_bytes, at=at)[1] - at == part.closed_ps(BURST_PS)
    assert probe.access(64, size=part.burst_bytes, at=at + 1)[1] < at + part.refi_ps


def test_at_first_all_banks_are_closed() -> None:
    part = TIMINGS["lpddr3-1600-x32"]
    for bank in range(part.banks):
        probe = Probe(part, BURST_PS)
        assert probe.access(probe.in_row(0, bank), size=1, at=0)[1] == part.closed_ps(BURST_PS)
    state = dram.initial_state(part)
    assert state.dtype == np.int64
    assert dram.initial_state(part) is not state
