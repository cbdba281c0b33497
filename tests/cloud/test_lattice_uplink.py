"""A lattice on the device's radio: its bytes by kind, the wait for its answer, and what is not sent any more."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.cloud.lattice_uplink import LatticeUplink
from azsim.cloud.traffic import LATER_HEADERS_BYTES, LatticeTraffic, lattice_traffic
from azsim.devices.spec import Device
from azsim.soc.device import DeviceSimulation
from azsim.soc.link import ALWAYS_UP, LinkTrace
from azsim.soc.network import PS_PER_MS
from tests.cloud.cases import OWN, lattice
from tests.soc.cases import device

CERTAIN = {"network__rtt_median_ms": 40.0, "network__rtt_p99_ms": 40.0}


def uplink(
    spec: Device, traffic: LatticeTraffic, link: LinkTrace = ALWAYS_UP
) -> tuple[DeviceSimulation, LatticeUplink]:
    simulation = DeviceSimulation(spec, None, 0, link=link)
    return simulation, LatticeUplink(simulation, traffic, np.random.default_rng(0))


def test_the_answer_comes_after_a_round_trip_and_the_servers_time():
    spec, traffic = device(**CERTAIN), lattice_traffic(lattice(), OWN)
    simulation, asked = uplink(spec, traffic)
    simulation.env.process(asked.ask())
    simulation.env.run(until=asked.answered)
    framing = spec.network.framing_bytes
    up, down = traffic.message_bytes + LATER_HEADERS_BYTES + 2 * framing, traffic.answer_bytes + framing
    assert simulation.radio.uplink_bytes_by_kind() == {
        "audio": 0, "features": 0, "lattice": up, "control": 0, "music": 0, "update": 0,
    }  # fmt: skip
    assert simulation.radio.bytes_moved(up=False) == down
    waited_ms = 40 + spec.network.cloud_rerank_ms
    air_ps = 8 * (up + down) * 10**6 // 20
    assert simulation.env.now == pytest.approx(waited_ms * PS_PER_MS + air_ps, abs=10)


def test_a_lattice_is_no_sound_and_goes_up_with_the_setting_on():
    simulation, asked = uplink(device(**CERTAIN, local_processing=True), LatticeTraffic(300, 40))
    simulation.env.process(asked.ask())
    simulation.env.run(until=asked.answered)
    assert simulation.radio.bytes_moved(up=True) > 300


def test_what_waits_for_a_link_is_not_sent_once_nobody_wants_it():
    link = LinkTrace.with_outages([(0, 10_000 * PS_PER_MS)])
    simulation, asked = uplink(device(**CERTAIN), LatticeTraffic(300, 40), link)
    simulation.env.process(asked.ask())
    simulation.env.run(until=300 * PS_PER_MS)
    asked.cancel()
    assert not asked.answered.triggered
    assert simulation.radio.bytes_moved(up=True) == 0


def test_the_connection_is_opened_apart_from_the_lattice():
    spec = device(**CERTAIN, network__handshake__before_request="resumed")
    simulation, asked = uplink(spec, LatticeTraffic(300, 40))
    simulation.env.run(until=simulation.env.process(asked.open()))
    sent = simulation.radio.uplink_bytes_by_kind()
    assert (sent["control"], sent["lattice"]) == (spec.network.handshake.resumed_up_bytes, 0)
