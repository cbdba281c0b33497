"""Makers of link traces: shares, lengths, seeds."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.resources import shipped
from azsim.soc.link import ALWAYS_UP, PS_PER_S, read_link
from azsim.soc.link_models import LTE_UPLINK_MBPS, drive, gilbert

LENGTH_S = 200_000


@pytest.mark.parametrize("up_share", [0.3, 0.9])
def test_a_gilbert_link_is_up_for_its_share_and_down_for_exponential_times(up_share: float):
    link = gilbert(up_share, 10.0, LENGTH_S, seed=1)
    cycles = LENGTH_S * (1 - up_share) / 10
    error = np.sqrt(2 / cycles) * up_share * (1 - up_share) * 4
    assert link.up_share(LENGTH_S * PS_PER_S) == pytest.approx(up_share, abs=error)
    outages_s = np.diff(link.starts_ps)[[not state.up for state in link.states[:-1]]] / PS_PER_S
    assert outages_s.mean() == pytest.approx(10, abs=4 * 10 / np.sqrt(len(outages_s)))
    assert outages_s.std() == pytest.approx(10, rel=0.1)


def test_same_seed_same_link():
    assert gilbert(0.7, 5, 600, 3) == gilbert(0.7, 5, 600, 3) != gilbert(0.7, 5, 600, 4)
    assert drive(600, 3) == drive(600, 3) != drive(600, 4)
    assert gilbert(1.0, 5, 600, 3) == ALWAYS_UP


def test_a_drive_has_tunnels_weak_cells_and_a_median_rate():
    link = drive(LENGTH_S, seed=1)
    assert 0.85 < link.up_share(LENGTH_S * PS_PER_S) < 0.95
    rates = np.array([state.uplink_mbps for state in link.states[:-1]])
    assert np.median(rates[rates > 0.5]) == pytest.approx(LTE_UPLINK_MBPS, rel=0.1)
    assert (rates == 0).any()
    assert ((rates > 0) & (rates < 0.5)).any()
    assert link.length_ps == LENGTH_S * PS_PER_S


@pytest.mark.parametrize("wrong", [(0.0, 5, 60), (1.1, 5, 60), (0.5, 0, 60), (0.5, 5, 0)])
def test_what_makes_no_link_is_refused(wrong: tuple):
    with pytest.raises(ValueError, match="out of range"):
        gilbert(*wrong, seed=1)
    with pytest.raises(ValueError, match="positive"):
        drive(0, seed=1)


def test_the_shipped_traces_are_what_the_makers_give():
    folder = shipped("experiments", "availability/links")
    traces = {path.stem: read_link(path) for path in folder.glob("*.csv")}
    assert len(traces) == 12
    assert traces["steady"] == ALWAYS_UP
    assert traces["drive"] == drive(3600, seed=1)
    for name in traces.keys() - {"steady", "drive"}:
        _, percent, outage = name.split("-")
        assert traces[name] == gilbert(int(percent) / 100, float(outage.removesuffix("s")), 3600, seed=1)
