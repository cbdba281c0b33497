"""The radio, round trips, and the music stream."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.errors import PrivacyError
from azsim.soc.link import ALWAYS_UP, LinkState, LinkTrace
from azsim.soc.network import PRIVATE, PS_PER_MS, Kind, Radio, round_trips_ps
from azsim.soc.trace import Recorder
from tests.soc.cases import device


def test_round_trips_have_the_devices_median_and_percentile():
    spec = device().network
    trips = round_trips_ps(spec, 100_000, np.random.default_rng(0)) / 1e9
    assert np.median(trips) == pytest.approx(spec.rtt_median_ms, rel=0.02)
    assert np.percentile(trips, 99) == pytest.approx(spec.rtt_p99_ms, rel=0.04)


def radio_of(link: LinkTrace = ALWAYS_UP, local_processing: bool = False, **changes: float) -> Radio:
    changes = {"network__framing_bytes": 0, "network__uplink_mbps": 8.0, **changes}
    return Radio(device(**changes).network, Recorder(False), link, local_processing=local_processing)


def test_transfers_take_turns():
    radio = radio_of()
    assert radio.transfer("a", 5, 0, up=True, kind="audio") == 5 * 10**6
    assert radio.transfer("b", 6, 10**6, up=True, kind="audio") == 11 * 10**6
    assert radio.bytes_moved(up=True) == 11
    assert radio.bytes_moved(up=False) == 0
    assert radio.busy_ps(2 * 10**9) == 11 * 10**6


@pytest.mark.parametrize(("outage_ms", "attempt_ms"), [(1, 200), (199, 200), (201, 600), (1399, 1400), (1401, 3000)])
def test_attempts_double_their_wait_until_one_finds_a_link(outage_ms: int, attempt_ms: int):
    radio = radio_of(LinkTrace.with_outages([(0, outage_ms * PS_PER_MS)]))
    assert radio.transfer("a", 5, 0, up=True, kind="audio") == attempt_ms * PS_PER_MS + 5 * 10**6
    assert radio.transfer("b", 5, 10**6, up=True, kind="audio") == attempt_ms * PS_PER_MS + 10 * 10**6


def test_a_transfer_that_an_outage_breaks_goes_on_after_it():
    radio = radio_of(LinkTrace.with_outages([(3 * 10**6, 10**9)]))
    assert radio.transfer("a", 5, 0, up=True, kind="audio") == 3 * 10**6 + 200 * PS_PER_MS + 2 * 10**6


def test_the_rate_of_the_link_counts_where_it_is_given():
    link = LinkTrace((0, 2 * 10**6), (LinkState(), LinkState(uplink_mbps=4.0, downlink_mbps=16.0)))
    assert radio_of(link).transfer("a", 4, 0, up=True, kind="audio") == 2 * 10**6 + 2 * 2 * 10**6
    assert radio_of(link).transfer("a", 4, 2 * 10**6, up=False, kind="control") == 2 * 10**6 + 4 * 5 * 10**5


def test_a_lost_connection_is_resumed_with_round_trips_and_bytes_in_both_directions():
    link = LinkTrace.with_outages([(0, 12_000 * PS_PER_MS)])
    radio = radio_of(link, network__rtt_median_ms=40.0, network__downlink_mbps=8.0)
    network = device().network
    moved = network.handshake.resumed_up_bytes, network.handshake.resumed_down_bytes
    attempt_ms = 200 * (1 + 2 + 4 + 8) + 2000 * 5
    opened = (attempt_ms + network.retry.handshake_round_trips * 40) * PS_PER_MS + sum(moved) * 10**6
    assert radio.transfer("a", 5, 0, up=True, kind="audio") == opened + 5 * 10**6
    assert radio.uplink_bytes_by_kind()["control"] == moved[0]
    assert sum(radio.uplink_bytes_by_kind().values()) == radio.bytes_moved(up=True) == moved[0] + 5
    assert radio.bytes_moved(up=False) == moved[1]


def test_the_deprecated_keys_mean_what_they_meant():
    link = LinkTrace.with_outages([(0, 12_000 * PS_PER_MS)])
    radio = radio_of(link, network__overhead=0.1, network__retry__handshake_bytes=700)
    radio.transfer("a", 80, 0, up=True, kind="audio")
    assert radio.uplink_bytes_by_kind() == dict.fromkeys(get_args(Kind), 0) | {"control": 770, "audio": 88}
    assert radio.bytes_moved(up=False) == 0


@pytest.mark.parametrize(("payload", "writes"), [(0, 1), (1, 1), (80, 1), (16_375, 1), (16_376, 2), (40_000, 3)])
def test_framing_is_of_the_write(payload: int, writes: int):
    assert radio_of(network__framing_bytes=31).framed(payload) == payload + 31 * writes
    radio = radio_of(network__framing_bytes=31)
    radio.transfer("a", payload, 0, up=True, kind="audio", is_framed=True)
    assert radio.bytes_moved(up=True) == payload


def test_what_nobody_wants_any_more_is_not_sent():
    radio = radio_of(LinkTrace.with_outages([(7 * 10**6, 10**9)]))
    for number in range(3):
        radio.transfer("a", 5, number, up=True, kind="audio")
    radio.drop_unsent(("audio",), 10**8)
    assert radio.bytes_moved(up=True) == 10
    waiting = radio.transfer("song", 5, 10**8, up=False, kind="music")
    radio.drop_unsent(("audio",), 10**8)
    assert radio.bytes_moved(up=False) == 5
    assert radio.transfer("b", 5, 10**8, up=False, kind="control") > waiting


@given(
    stays=st.lists(st.integers(1, 3000), min_size=1, max_size=9),
    asked=st.lists(st.tuples(st.integers(0, 9000), st.integers(1, 4000), st.booleans()), min_size=1, max_size=9),
)
@settings(max_examples=60, deadline=None)
def test_transfers_keep_their_order_and_none_begins_without_a_link(stays: list[int], asked: list):
    edges = np.cumsum([0, *stays, 1]) * PS_PER_MS
    link = LinkTrace.with_outages(list(zip(edges[:-1:2].tolist(), edges[1::2].tolist())))
    radio = radio_of(link, network__uplink_mbps=0.05, network__downlink_mbps=0.5)
    before, sent = 0, 0
    for at_ms, size, up in sorted(asked):
        end = radio.transfer("a", size, at_ms * PS_PER_MS, up=up, kind="control")
        carried = 0
        state_at = max(before, at_ms * PS_PER_MS)
        while state_at < end:
            until = min(end, link.from_then(state_at)[1])
            rate = 0.05 if up else 0.5
            carried += (until - state_at) * rate / 8e6 if link.at(state_at).up else 0
            state_at = until
        assert carried >= size * (1 - 1e-9)
        assert link.at(end - 1).up
        before, sent = end, sent + size
    assert radio.bytes_moved(up=True) + radio.bytes_moved(up=False) == sent


@pytest.mark.parametrize("kind", get_args(Kind))
def test_with_the_setting_on_no_sound_goes_up_and_everything_else_does(kind: Kind):
    radio = radio_of(local_processing=True)
    if kind in PRIVATE:
        with pytest.raises(PrivacyError, match=f"local_processing = true: 80 bytes of {kind}"):
            radio.transfer("packet", 80, 0, up=True, kind=kind)
        assert radio.bytes_moved(up=True) == 0
    else:
        radio.transfer("packet", 80, 0, up=True, kind=kind)
        assert radio.uplink_bytes_by_kind()[kind] == 80
    radio.transfer("packet", 80, 0, up=False, kind=kind)
    assert radio.bytes_moved(up=False) == 80


def test_framing_is_added():
    radio = radio_of(network__framing_bytes=31)
    radio.transfer("packet", 80, 0, up=True, kind="audio")
    assert radio.bytes_moved(up=True) == 111
