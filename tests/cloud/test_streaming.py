"""The cloud baseline: bytes up, parts of the latency, music on the same radio."""

from __future__ import annotations

import pytest

from azsim.cloud.streaming import stream_audio
from azsim.cloud.traffic import FIRST_HEADERS_BYTES, LATER_HEADERS_BYTES, AudioTraffic, audio_head_bytes
from azsim.soc.link import LinkTrace
from azsim.soc.utterance import PS_PER_MS
from tests.soc.cases import device, track, work

CERTAIN = {"network__rtt_median_ms": 40.0, "network__rtt_p99_ms": 40.0}


def test_latency_parts_add_up():
    for seed in range(5):
        timeline = stream_audio(device(), work(endpoint_ms=845), music=track(), seed=seed)
        latency = timeline.latency
        assert latency.total_ps == timeline.elapsed_ps - work(endpoint_ms=845).speech_end_ms * PS_PER_MS
        assert latency.backlog_ps == 15 * PS_PER_MS
        assert latency.npu_ps == 0
        assert latency.search_ps > 0
        assert latency.network_ps > 0


def test_a_certain_network_gives_a_latency_that_can_be_added_up_by_hand():
    spec = device(**CERTAIN, cpu__memory_bytes_per_kcycle=0.0, cpu__clock_mhz=1000.0)
    timeline = stream_audio(spec, work(), music=None)
    encode_ps = 60 * 10**6 + 2 * 10**9
    server_ps = 3 * 10**9
    radio_ps = (112 + 531) * 8 * 10**6 // 20
    assert timeline.latency.search_ps == encode_ps + server_ps
    assert timeline.latency.network_ps == 40 * PS_PER_MS + radio_ps


def test_audio_goes_up_until_the_answer_is_there():
    timeline = stream_audio(device(**CERTAIN), work(), music=None)
    packets = timeline.elapsed_ps // (20 * PS_PER_MS)
    head = LATER_HEADERS_BYTES + audio_head_bytes(20) + 2 * 31
    assert packets * 112 - 112 <= timeline.uplink_bytes - head <= packets * 112
    assert timeline.dram_read_bytes["network"] <= timeline.uplink_bytes


def test_same_seed_same_answer():
    first, again, other = (stream_audio(device(), work(), music=track(), seed=seed) for seed in (1, 1, 2))
    assert first.elapsed_ps == again.elapsed_ps != other.elapsed_ps
    assert first.energy_pj == again.energy_pj


def test_an_outage_delays_the_words():
    free = stream_audio(device(**CERTAIN), work(), music=None)
    outage = (800 * PS_PER_MS, 1300 * PS_PER_MS)
    held_up = stream_audio(device(**CERTAIN), work(), music=None, link=LinkTrace.with_outages([outage]))
    assert held_up.elapsed_ps > 1300 * PS_PER_MS > free.elapsed_ps


def test_the_processor_stays_idle_and_the_radio_pays():
    timeline = stream_audio(device(), work(), music=None)
    assert timeline.busy_ps["npu"] == 0
    assert timeline.dram_read_bytes["npu"] == 0
    assert timeline.energy_pj["network"] > 0 == timeline.energy_idle_pj["network"]
    assert timeline.energy_pj["multipliers"] == 0


@pytest.mark.parametrize("endpoint_ms", [0, 20, 21])
def test_an_end_point_on_or_beside_a_packets_edge(endpoint_ms):
    timeline = stream_audio(device(**CERTAIN), work(endpoint_ms=endpoint_ms), music=None)
    assert timeline.elapsed_ps > endpoint_ms * PS_PER_MS
    assert 0 <= timeline.latency.backlog_ps <= 20 * PS_PER_MS


def test_packets_that_are_left_out_cost_nothing_and_the_end_point_comes_all_the_same():
    spec = device(**CERTAIN)
    sizes = (80,) * 20 + (0,) * 20
    dense = stream_audio(spec, work(), music=None, traffic=AudioTraffic(20, (80,)))
    sparse = stream_audio(spec, work(), music=None, traffic=AudioTraffic(20, sizes))
    assert sparse.uplink_bytes < 0.6 * dense.uplink_bytes
    assert sparse.latency.total_ps == pytest.approx(dense.latency.total_ps, abs=PS_PER_MS)


def test_packets_that_go_up_together_share_their_framing_and_wait_for_each_other():
    spec = device(**CERTAIN)
    one = stream_audio(spec, work(endpoint_ms=820), music=None, traffic=AudioTraffic(20, (80,), 1))
    five = stream_audio(spec, work(endpoint_ms=820), music=None, traffic=AudioTraffic(20, (80,), 5))
    assert five.uplink_bytes < 0.85 * one.uplink_bytes
    assert (one.latency.backlog_ps, five.latency.backlog_ps) == (0, 80 * PS_PER_MS)


@pytest.mark.parametrize("how", ["new", "resumed"])
def test_a_connection_that_is_opened_for_a_request_costs_bytes_both_ways_and_no_words_are_lost(how: str):
    kept = stream_audio(device(**CERTAIN), work(), music=None)
    spec = device(**CERTAIN, network__handshake__before_request=how)
    handshake = spec.network.handshake
    opened = stream_audio(spec, work(), music=None)
    up, down = getattr(handshake, f"{how}_up_bytes"), getattr(handshake, f"{how}_down_bytes")
    headers = FIRST_HEADERS_BYTES - LATER_HEADERS_BYTES
    assert opened.uplink_bytes == kept.uplink_bytes + up + headers
    assert opened.downlink_bytes == kept.downlink_bytes + down
    assert opened.latency.total_ps == pytest.approx(kept.latency.total_ps, abs=PS_PER_MS)  # it was open by then


def test_a_second_pass_adds_its_time_to_the_search_and_nothing_else():
    once, twice = (
        stream_audio(device(**CERTAIN), work(), music=None, second_pass_ms=each).latency for each in (0.0, 25.0)
    )
    assert twice.search_ps == once.search_ps + 25 * PS_PER_MS
    assert twice.total_ps == pytest.approx(once.total_ps + 25 * PS_PER_MS, abs=PS_PER_MS)
