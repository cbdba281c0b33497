"""The parts against what their standards say, and the closed forms."""

from __future__ import annotations

import math

import pytest

from azsim.devices.dram_parts import TIMINGS, DramTimings

LPDDR4_NS = {"rcd": 18, "rp": 18, "rp_all": 21, "ras": 42, "rrd": 10, "faw": 40, "wr": 18, "wtr": 10, "rtp": 7.5}
"""**Source:** JESD209-4, core timings; whole clocks of the file's tCK are the least that satisfy them."""


@pytest.mark.parametrize(("name", "tck_ps"), [("lpddr4-3200-x16", 625), ("lpddr4-4266-2x16", 469)])
def test_lpddr4_clocks_are_the_standard_s_nanoseconds_rounded_up(name: str, tck_ps: int) -> None:
    for key, nanoseconds in LPDDR4_NS.items():
        clocks, rest = divmod(getattr(TIMINGS[name], f"{key}_ps"), tck_ps)
        assert rest == 0, key
        assert clocks in (math.ceil(nanoseconds * 1000 / tck_ps), math.ceil(nanoseconds * 1000 / tck_ps) + 1), key
    assert TIMINGS[name].rfc_ps == pytest.approx(280_000, rel=0.005)
    assert TIMINGS[name].refi_ps == pytest.approx(3_904_000, rel=0.005)


@pytest.mark.parametrize("name", sorted(TIMINGS))
def test_commands_of_a_row_fit_into_its_cycle(name: str) -> None:
    part = TIMINGS[name]
    assert part.rc_ps == part.ras_ps + part.rp_ps
    assert part.rcd_ps + part.rtp_ps <= part.ras_ps
    assert part.rp_all_ps >= part.rp_ps
    assert part.write_latency_ps < part.read_latency_ps
    assert part.page_bytes % part.burst_bytes == 0


def test_latencies_are_their_commands_one_behind_the_other() -> None:
    part = DramTimings(512, 16, 3200, 8, 2048, 32, *(10**k for k in range(14)))  # every time a digit of its own
    assert part.rcd_ps == 1
    assert part.rp_ps == 10
    assert part.hit_ps(5) == part.read_latency_ps + 5
    assert part.closed_ps(5) == part.hit_ps(5) + 1
    assert part.conflict_ps(5) == part.hit_ps(5) + 11


def test_refreshes_take_their_share_and_conflicts_their_row_cycle() -> None:
    part = TIMINGS["lpddr4-3200-x16"]
    lost = part.rtp_ps + part.rp_all_ps + part.rfc_ps + part.rcd_ps
    assert part.refresh_ceiling() == pytest.approx(1 - lost / part.refi_ps)
    assert part.refresh_ceiling() == pytest.approx(0.916, abs=0.002)
    assert part.conflict_gbps() == pytest.approx(64 / 60.6, rel=1e-3)
    assert part.conflict_gbps(128) == 2 * part.conflict_gbps()
