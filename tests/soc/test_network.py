"""The radio, round trips, and the music stream."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.soc.network import Radio, round_trips_ps
from azsim.soc.trace import Recorder
from tests.soc.cases import device


def test_round_trips_have_the_devices_median_and_percentile():
    spec = device().network
    trips = round_trips_ps(spec, 100_000, np.random.default_rng(0)) / 1e9
    assert np.median(trips) == pytest.approx(spec.rtt_median_ms, rel=0.02)
    assert np.percentile(trips, 99) == pytest.approx(spec.rtt_p99_ms, rel=0.04)


def test_transfers_take_turns_and_outages_hold_them_up():
    radio = Radio(device(network__overhead=0.0, network__uplink_mbps=8.0).network, Recorder(False), [(10**7, 10**9)])
    assert radio.transfer("a", 5, 0, up=True) == 5 * 10**6
    assert radio.transfer("b", 6, 10**6, up=True) == 11 * 10**6
    assert radio.transfer("c", 5, 11 * 10**6, up=True) == 10**9 + 5 * 10**6
    assert radio.bytes_moved(up=True) == 16
    assert radio.bytes_moved(up=False) == 0
    assert radio.busy_ps(2 * 10**9) == 16 * 10**6


def test_framing_is_added():
    radio = Radio(device(network__overhead=0.1).network, Recorder(False))
    radio.transfer("packet", 80, 0, up=True)
    assert radio.bytes_moved(up=True) == 88
