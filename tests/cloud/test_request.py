"""Who answers a request: the device, the cloud, or whichever is right for the link."""

from __future__ import annotations

import msgspec
import pytest

from azsim.cloud.request import Answer, ask
from azsim.cloud.streaming import stream_audio
from azsim.cloud.traffic import LATER_HEADERS_BYTES, LatticeTraffic, audio_head_bytes
from azsim.devices.spec import Device
from azsim.errors import InputError, PrivacyError
from azsim.soc import simulate
from azsim.soc.link import ALWAYS_UP, LinkTrace
from azsim.soc.utterance import PS_PER_MS
from tests.soc.cases import device, schedules, work

CERTAIN = {"network__rtt_median_ms": 40.0, "network__rtt_p99_ms": 40.0}
LATER_MS = 60_000


def asked(path: str, link: LinkTrace = ALWAYS_UP, spec: Device | None = None, **changes: object) -> Answer:
    task = changes.pop("on_device", work())
    lattice = LatticeTraffic(600, 60) if path == "lattice" else None
    return ask(spec or device(**CERTAIN, **changes), path, (task, schedules()), work(), link=link, lattice=lattice)


def down(begin_ms: int, end_ms: int) -> LinkTrace:
    return LinkTrace.with_outages([(begin_ms * PS_PER_MS, end_ms * PS_PER_MS)])


def test_each_path_alone_gives_the_time_and_energy_of_its_own_simulation():
    alone = simulate(device(**CERTAIN), work(), schedules(), music=None)
    own = asked("device")
    assert (own.by, own.latency_ps, own.elapsed_ps) == ("device", alone.latency.total_ps, alone.elapsed_ps)
    assert own.energy_pj == sum(alone.energy_pj.values())
    assert own.energy_idle_pj == sum(alone.energy_idle_pj.values())
    assert sum(own.uplink_bytes.values()) == 0
    streamed = stream_audio(device(**CERTAIN), work(), music=None)
    cloud = asked("cloud")
    assert (cloud.by, cloud.latency_ps) == ("cloud", streamed.latency.total_ps)
    assert cloud.uplink_bytes["audio"] == streamed.uplink_bytes == sum(cloud.uplink_bytes.values())
    assert cloud.energy_pj == sum(streamed.energy_pj.values())


def test_with_a_link_the_hybrid_waits_for_the_cloud_as_long_as_it_may():
    assert asked("hybrid").by == "cloud"
    assert asked("hybrid").latency_ps == pytest.approx(asked("cloud").latency_ps, abs=PS_PER_MS)
    hasty = asked("hybrid", network__hybrid_wait_ms=20)
    assert hasty.by == "device"
    assert hasty.latency_ps == pytest.approx(asked("device").latency_ps + 20 * PS_PER_MS, abs=PS_PER_MS)


def test_without_a_link_the_hybrid_answers_when_the_device_does():
    hybrid = asked("hybrid", down(0, LATER_MS))
    assert hybrid.by == "device"
    assert hybrid.latency_ps == pytest.approx(asked("device").latency_ps, abs=PS_PER_MS)
    assert sum(hybrid.uplink_bytes.values()) == 0


def test_the_cloud_answers_after_a_short_outage_and_is_given_up_in_a_long_one():
    spec = device(**CERTAIN)
    short = asked("cloud", down(100, 1_000))
    assert short.by == "cloud"
    assert short.latency_ps > asked("cloud").latency_ps
    assert short.uplink_bytes["audio"] > asked("cloud").uplink_bytes["audio"]
    long = asked("cloud", down(100, LATER_MS))
    assert (long.by, long.latency_ps) == ("nobody", None)
    assert long.elapsed_ps == (work().endpoint_ms + spec.network.give_up_ms) * PS_PER_MS
    head = LATER_HEADERS_BYTES + audio_head_bytes(20) + 2 * 31
    sent = head + 4 * (80 + 1 + 31)  # what was captured and encoded before 100 ms
    assert long.uplink_bytes["audio"] == sent
    timeline = stream_audio(spec, work(), music=None, link=down(100, LATER_MS))
    assert timeline.latency is None
    assert [mark.name for mark in timeline.instants][-1] == "gave up"
    assert timeline.uplink_bytes == sent


def test_sound_that_waits_longer_than_the_buffer_is_lost():
    answer = asked("cloud", down(0, 1_000), network__audio_buffer_ms=400)
    assert answer.by == "nobody"
    assert answer.elapsed_ps == 420 * PS_PER_MS
    assert asked("hybrid", down(0, 1_000), network__audio_buffer_ms=400).by == "device"


def test_what_the_device_does_not_recognise_the_cloud_may():
    deaf = work(labels=())
    assert asked("device", on_device=deaf).by == "nobody"
    assert asked("hybrid", on_device=deaf, network__hybrid_wait_ms=0).by == "cloud"
    assert asked("hybrid", down(0, LATER_MS), on_device=deaf).by == "nobody"


def test_with_local_processing_no_sound_leaves_on_any_path():
    spec = device(**CERTAIN, local_processing=True)
    for path in ("device", "hybrid"):
        answer = asked(path, spec=spec)
        assert answer.by == "device"
        assert answer.uplink_bytes["audio"] == answer.uplink_bytes["features"] == 0
    with pytest.raises(PrivacyError, match="device az1: local_processing = true"):
        asked("cloud", spec=spec)
    with pytest.raises(PrivacyError):
        stream_audio(spec, work(), music=None)


@pytest.mark.parametrize("path", ["device", "hybrid"])
def test_a_job_without_a_schedule_is_refused_before_anything_is_played(path: str):
    lacking = {name: one for name, one in schedules().items() if name != "joint"}
    with pytest.raises(InputError, match=r"test: job 'joint': no schedule of that name; there are encoder\.0"):
        ask(device(**CERTAIN), path, (work(), lacking), work())
    assert ask(device(**CERTAIN), "cloud", (work(), lacking), work()).by == "cloud"


def test_an_answer_holds_what_its_time_took():
    answer = asked("hybrid")
    assert answer.energy_pj > answer.energy_idle_pj > 0


def test_same_seed_same_answer():
    spec = device(network__rtt_p99_ms=300.0)
    link = down(300, 500)
    first, again, other = (
        ask(spec, "hybrid", (work(), schedules()), work(), link=link, seed=seed) for seed in (1, 1, 2)
    )
    assert first == again
    assert first.elapsed_ps != other.elapsed_ps


def test_a_lattice_goes_up_once_the_words_are_there_and_its_answer_is_waited_for():
    spec = device(**CERTAIN)
    answer, own = asked("lattice"), asked("device")
    assert answer.by == "cloud"
    added_ps = answer.latency_ps - own.latency_ps
    assert added_ps == pytest.approx((40 + spec.network.cloud_rerank_ms) * PS_PER_MS, abs=PS_PER_MS)
    assert answer.uplink_bytes["lattice"] == 600 + LATER_HEADERS_BYTES + 2 * 31 == sum(answer.uplink_bytes.values())
    assert answer.downlink_bytes == 60 + 31


def test_the_own_words_are_taken_where_the_lattice_has_no_answer_in_time():
    hasty = asked("lattice", network__hybrid_wait_ms=30)
    assert hasty.by == "device"
    assert hasty.latency_ps == pytest.approx(asked("device").latency_ps + 30 * PS_PER_MS, abs=PS_PER_MS)
    offline = asked("lattice", down(0, LATER_MS))
    assert (offline.by, offline.latency_ps) == ("device", asked("device").latency_ps)
    assert sum(offline.uplink_bytes.values()) == 0


def test_a_lattice_goes_up_with_the_setting_on():
    spec = msgspec.structs.replace(device(**CERTAIN), local_processing=True)
    assert asked("lattice", spec=spec) == asked("lattice")


def test_a_connection_is_opened_while_the_user_speaks():
    opened, kept = asked("lattice", network__handshake__before_request="new"), asked("lattice")
    assert opened.latency_ps == pytest.approx(kept.latency_ps, abs=PS_PER_MS)
    handshake = device().network.handshake
    assert opened.uplink_bytes["control"] == handshake.new_up_bytes
    assert opened.downlink_bytes == kept.downlink_bytes + handshake.new_down_bytes


def test_the_path_and_the_lattice_belong_together():
    with pytest.raises(InputError, match="a lattice must be given"):
        ask(device(), "lattice", (work(), schedules()), work())
    with pytest.raises(InputError, match="and for no other"):
        ask(device(), "device", (work(), schedules()), work(), lattice=LatticeTraffic(1, 1))
