"""Opening a connection on the device: bytes both ways, round trips, and nothing at all where it was kept."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.cloud.connection import half_round_trip_ps, opened
from azsim.devices.spec import Device
from azsim.soc.device import DeviceSimulation
from azsim.soc.link import ALWAYS_UP, LinkTrace
from azsim.soc.network import PS_PER_MS
from tests.soc.cases import device

CERTAIN = {"network__rtt_median_ms": 40.0, "network__rtt_p99_ms": 40.0}
BITS_PER_PS = 20 / 10**6


def after_opening(spec: Device, link: LinkTrace = ALWAYS_UP) -> DeviceSimulation:
    simulation = DeviceSimulation(spec, None, 0, link=link)
    simulation.env.run(until=simulation.env.process(opened(simulation, np.random.default_rng(0))))
    return simulation


def test_a_connection_that_was_kept_costs_nothing():
    simulation = after_opening(device(**CERTAIN))
    assert simulation.env.now == 0
    assert simulation.radio.bytes_moved(up=True) == simulation.radio.bytes_moved(up=False) == 0


@pytest.mark.parametrize("how", ["new", "resumed"])
def test_an_opened_one_costs_its_bytes_both_ways_and_two_round_trips(how: str):
    spec = device(**CERTAIN, network__handshake__before_request=how)
    simulation = after_opening(spec)
    handshake = spec.network.handshake
    up, down = getattr(handshake, f"{how}_up_bytes"), getattr(handshake, f"{how}_down_bytes")
    assert (simulation.radio.bytes_moved(up=True), simulation.radio.bytes_moved(up=False)) == (up, down)
    assert simulation.radio.uplink_bytes_by_kind()["control"] == up
    assert simulation.env.now == 80 * PS_PER_MS + round(8 * up / BITS_PER_PS) + round(8 * down / BITS_PER_PS)


def test_a_resumed_one_sends_less_down():
    new, resumed = (
        after_opening(device(**CERTAIN, network__handshake__before_request=how)) for how in ("new", "resumed")
    )
    assert resumed.radio.bytes_moved(up=False) < new.radio.bytes_moved(up=False)
    assert resumed.env.now < new.env.now


def test_it_waits_for_a_link():
    spec = device(**CERTAIN, network__handshake__before_request="new")
    held_up = after_opening(spec, LinkTrace.with_outages([(0, 700 * PS_PER_MS)]))
    assert held_up.env.now >= 780 * PS_PER_MS
    assert held_up.radio.bytes_moved(up=True) == spec.network.handshake.new_up_bytes


def test_half_of_a_round_trip_is_half_of_it():
    simulation = DeviceSimulation(device(**CERTAIN), None, 0)
    assert half_round_trip_ps(simulation, 0, np.random.default_rng(0)) == 20 * PS_PER_MS
    varied = DeviceSimulation(device(network__rtt_p99_ms=300.0), None, 0)
    rng = np.random.default_rng(1)
    assert len({half_round_trip_ps(varied, 0, rng) for _ in range(5)}) == 5
