"""A long stretch of device time: its first utterance is the one that `simulate` plays, and nothing gets lost."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from azsim.arbitration import BOARD, CPU, Client, Traffic
from azsim.errors import InputError
from azsim.report.trace import TraceOptions, trace_events
from azsim.report.trace.memory import MemoryWaits, bandwidth
from azsim.soc import simulate, simulate_session
from azsim.soc.companions import Companion
from azsim.soc.memory.columns import L_BYTES, L_CLIENT, L_END, L_REQUEST, L_START
from azsim.soc.session import Speech
from azsim.soc.utterance import PS_PER_MS
from tests.soc.cases import device, schedules, track, work

SECOND = 1000 * PS_PER_MS
APART = 2 * SECOND


def speeches(count: int, made=None, apart_ps: int = APART) -> list[Speech]:
    made = made or schedules()
    return [Speech(index * apart_ps, work(), made) for index in range(count)]


@pytest.fixture(scope="module")
def session():
    spec = device(memory__peak_gbps=2.0)
    return simulate_session(
        spec, speeches(5, schedules(8)), elapsed_ps=5 * APART, music=track(), seed=3, trace=True, window_ps=(0, 2**62)
    )


def test_the_first_utterance_is_the_one_that_simulate_plays():
    alone = simulate(device(), work(), schedules(), music=track(), seed=3)
    session = simulate_session(device(), speeches(1), elapsed_ps=alone.elapsed_ps + 1, music=track(), seed=3)
    whole, only = session.timeline, session.utterances[0]
    assert (only.latency, only.final_ps) == (alone.latency, alone.elapsed_ps)
    assert (only.first_partial_ps, only.deadline_misses) == (alone.first_partial_ps, alone.deadline_misses)
    for name in ("step_release_ps", "step_done_ps"):
        assert (getattr(whole, name) == getattr(alone, name)).all()
    for name in ("npu_causes_ps", "peak_sram_bytes", "instants", "underruns"):
        assert getattr(whole, name) == getattr(alone, name)
    assert whole.busy_ps["npu"] == alone.busy_ps["npu"]


def test_every_utterance_starts_at_its_time_and_is_told(session):
    assert [one.start_ps for one in session.utterances] == [index * APART for index in range(5)]
    for one in session.utterances:
        assert one.latency.total_ps == one.final_ps - one.start_ps - work().speech_end_ms * PS_PER_MS
        assert one.latency.end_pointing_ps == 400 * PS_PER_MS
    assert [one.first_step for one in session.utterances] == [index * work().steps for index in range(5)]
    names = [instant.name for instant in session.timeline.instants]
    assert names.count("final words") == names.count("end-point") == 5


def test_bytes_in_are_bytes_out_and_nobody_is_busier_than_time_allows(session):
    whole, grants = session.timeline, session.timeline.grants
    released = [job for job in work().jobs if job.release_ms <= work().endpoint_ms and job.engine == "npu"]
    made = schedules(8)
    assert whole.dram_read_bytes["npu"] == 5 * sum(int(made[job.name].fetch_bytes.sum()) for job in released)
    for index, client in enumerate(BOARD):
        moved = grants[grants[:, L_CLIENT] == index][:, L_BYTES].sum()
        assert moved == whole.dram_read_bytes[client] + whole.dram_write_bytes[client]
    cores = device().cpu.cores
    for engine, busy_ps in whole.busy_ps.items():
        assert 0 < busy_ps <= whole.elapsed_ps * (cores if engine == "cpu" else 1)
    assert sum(whole.npu_causes_ps.values()) == whole.busy_ps["npu"]


def test_littles_law_holds_at_the_memory(session):
    grants = session.timeline.grants
    asked, ended = np.sort(grants[:, L_REQUEST]), np.sort(grants[:, L_END])
    edges = np.unique(np.concatenate([asked, ended]))
    present = np.searchsorted(asked, edges[:-1], side="right") - np.searchsorted(ended, edges[:-1], side="right")
    in_system_ps = int((present * np.diff(edges)).sum())
    assert in_system_ps == int((grants[:, L_END] - grants[:, L_REQUEST]).sum())
    waiting_ps = sum(moved.waiting_ps for moved in session.traffic.values())
    assert waiting_ps == int((grants[:, L_START] - grants[:, L_REQUEST]).sum())


def test_an_utterance_that_comes_too_soon_waits_for_the_last_one():
    slow = device(chip__clock_mhz=1.0)
    crowded = simulate_session(slow, speeches(3, schedules(2), SECOND), elapsed_ps=60 * SECOND, music=None)
    assert [one.utterance for one in crowded.utterances] == ["test"] * 3
    waits = [one.latency.backlog_ps for one in crowded.utterances]
    assert waits == sorted(waits)
    assert waits[2] > waits[0]
    assert crowded.utterances[2].deadline_misses > 0
    cut = simulate_session(
        slow, speeches(3, schedules(2), SECOND), elapsed_ps=crowded.utterances[1].final_ps, music=None
    )
    assert len(cut.utterances) == 1


@pytest.mark.parametrize("fidelity", ["burst", "bank", "analytic"])
def test_a_stage_may_bring_a_client_of_its_own(fidelity):
    """A camera that nothing else knows of: it has a row, a name in every record, and waits by its own priority."""
    camera = Client("camera", priority=2)
    spec = device(memory__fidelity=fidelity)
    made = simulate_session(
        spec,
        speeches(1),
        elapsed_ps=2 * SECOND,
        music=track(),
        traffic=[Traffic(camera, 65536, 50_000_000_000, write=True), Traffic(camera, 4096, 10_000_000_000)],
        trace=True,
    )
    whole = made.timeline
    assert whole.clients == (*BOARD, "camera")
    assert made.traffic["camera"].write_bytes == whole.dram_write_bytes["camera"] >= 38 * 65536
    assert made.traffic["camera"].read_bytes >= 198 * 4096
    assert (whole.grants[:, L_CLIENT] == len(BOARD)).any()
    assert any(span.name == "camera write" for span in whole.spans if span.track == "dram")
    waits = MemoryWaits(whole.grants, whole.window_ps, whole.clients)
    assert {"camera read", "camera write"} <= {one.name for one in waits.slices((0, whole.elapsed_ps))}
    assert any("camera" in rates for _, rates in bandwidth(whole.grants, (0, whole.elapsed_ps), 10, whole.clients))


def test_traffic_takes_bandwidth_and_is_counted():
    traffic = [Traffic(CPU, 65536, 100_000_000)]
    quiet = simulate_session(device(), speeches(2), elapsed_ps=2 * APART, music=track())
    loud = simulate_session(device(), speeches(2), elapsed_ps=2 * APART, music=track(), traffic=traffic)
    more = loud.timeline.dram_read_bytes["cpu"] - quiet.timeline.dram_read_bytes["cpu"]
    assert more == pytest.approx(65536 * (2 * APART / 1e8), rel=1e-3)
    assert loud.timeline.busy_ps["npu"] >= quiet.timeline.busy_ps["npu"]


def test_other_networks_run_throughout_and_are_told():
    beside = Companion("beside", schedules()["joint"], 10 * PS_PER_MS, 60)
    session = simulate_session(device(), speeches(1), elapsed_ps=SECOND, music=None, companions=[beside])
    runs = session.timeline.companions["beside"].responses_ps
    assert len(runs) == pytest.approx(100, abs=1)
    assert 0 < max(runs) < 10 * PS_PER_MS


def test_periods_of_music_are_counted_whether_heard_or_not():
    session = simulate_session(device(), [], elapsed_ps=10 * SECOND, music=track())
    assert session.periods == pytest.approx(10 * 48000 / 1024, abs=1)
    assert simulate_session(device(), [], elapsed_ps=SECOND, music=None).periods == 0


def test_the_margin_over_the_same_time_without_speech_is_the_speech():
    silent = simulate_session(device(), [], elapsed_ps=2 * SECOND, music=track())
    assert silent.timeline.energy_pj == silent.timeline.energy_idle_pj
    heard = simulate_session(device(), speeches(1), elapsed_ps=2 * SECOND, music=track())
    assert heard.timeline.energy_idle_pj == silent.timeline.energy_pj
    assert sum(heard.timeline.energy_pj.values()) > sum(heard.timeline.energy_idle_pj.values())


def test_the_same_seed_gives_the_same_session():
    def run(seed):
        session = simulate_session(device(), speeches(2), elapsed_ps=2 * APART, music=track(), seed=seed)
        return session.utterances, session.timeline.busy_ps, session.timeline.dram_read_bytes

    assert run(1) == run(1) != run(2)


def test_a_trace_names_the_utterance_of_every_step(session):
    events = trace_events(session.timeline, TraceOptions(events=200_000), utterances=session.told)
    steps = [event["args"]["step"] for event in events if "step" in event.get("args", {})]
    assert max(steps) < work().steps
    told = [event for event in events if event["name"] == "speaking"]
    assert [event["ts"] for event in told] == [index * APART / 1e6 for index in range(5)]


def test_utterances_out_of_order_or_without_schedules_are_refused():
    with pytest.raises(InputError, match="starts before"):
        simulate_session(device(), speeches(2)[::-1], elapsed_ps=APART, music=None)
    one = dataclasses.replace(speeches(1)[0], schedules={})
    with pytest.raises(InputError, match="no schedule"):
        simulate_session(device(), [one], elapsed_ps=APART, music=None)
