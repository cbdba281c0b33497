"""One utterance on the device: times, bytes, energy, determinism."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from azsim.arbitration import NPU
from azsim.errors import InputError
from azsim.soc import simulate
from azsim.soc.link import LinkTrace
from azsim.soc.memory.columns import L_BYTES, L_CLIENT, L_START, L_WRITE
from azsim.soc.timeline import no_grants
from azsim.soc.utterance import PS_PER_MS
from tests.soc.cases import PROGRAMS, device, schedules, track, work


def plain(timeline) -> str:
    return repr({field.name: getattr(timeline, field.name) for field in dataclasses.fields(timeline)})


@pytest.fixture(scope="module")
def timeline():
    return simulate(device(), work(), schedules(), music=track(), seed=3, trace=True)


def test_latency_parts_add_up(timeline):
    assert timeline.latency.total_ps == timeline.elapsed_ps - work().speech_end_ms * PS_PER_MS
    assert timeline.latency.end_pointing_ps == 400 * PS_PER_MS
    assert timeline.latency.network_ps == 0


def test_nothing_goes_up(timeline):
    assert timeline.uplink_bytes == 0
    assert timeline.downlink_bytes > 0
    assert simulate(device(), work(), schedules(), music=None).downlink_bytes == 0


def test_an_easy_device_keeps_up(timeline):
    assert timeline.deadline_misses == timeline.underruns == 0
    assert (timeline.step_done_ps >= timeline.step_release_ps).all()
    assert 0 < timeline.first_partial_ps < 30 * PS_PER_MS


def test_busy_times_fit_into_the_elapsed_time(timeline):
    cores = device().cpu.cores
    for engine, busy_ps in timeline.busy_ps.items():
        assert 0 < busy_ps <= timeline.elapsed_ps * (cores if engine == "cpu" else 1)
    assert sum(timeline.npu_causes_ps.values()) == timeline.busy_ps["npu"]


def test_every_byte_of_the_schedules_is_fetched(timeline):
    released = [job for job in work().jobs if job.release_ms <= work().endpoint_ms and job.engine == "npu"]
    made = schedules()
    assert timeline.dram_read_bytes["npu"] == sum(int(made[job.name].fetch_bytes.sum()) for job in released)
    frontends = timeline.elapsed_ps // (device().audio.microphone_dma_ms * PS_PER_MS)
    assert abs(timeline.dram_write_bytes["microphone"] - 320 * frontends) <= 320


def test_spans_of_one_track_do_not_overlap_and_fill_the_busy_time(timeline):
    by_track: dict[str, list] = {}
    for span in timeline.spans:
        by_track.setdefault(span.track, []).append(span)
    for spans in by_track.values():
        assert all(before.end_ps <= after.start_ps for before, after in itertools.pairwise(spans))
        assert spans[-1].end_ps <= timeline.elapsed_ps
    for engine in ("npu", "cpu", "network"):
        lengths = [
            span.end_ps - span.start_ps
            for track, spans in by_track.items()
            if track.startswith(engine)
            for span in spans
        ]
        assert sum(lengths) == timeline.busy_ps[engine]
    times, frames = timeline.counters["music ring frames"]
    assert (np.diff(times) >= 0).all()
    assert frames.max() <= 4096


def test_instants_tell_the_story(timeline):
    names = [instant.name for instant in timeline.instants]
    assert names == ["first word", "true end of speech", "end-point", "final words"]
    assert timeline.instants[-1].time_ps == timeline.elapsed_ps


def test_same_seed_same_timeline_other_seed_other_music(timeline):
    again = simulate(device(), work(), schedules(), music=track(), seed=3, trace=True)
    other = simulate(device(), work(), schedules(), music=track(), seed=4, trace=True)
    assert plain(again) == plain(timeline) != plain(other)


def test_a_trace_changes_nothing_else(timeline):
    without = simulate(device(), work(), schedules(), music=track(), seed=3)
    assert without.spans == ()
    assert not without.counters
    nothing = {"spans": (), "counters": {}, "window_ps": (0, 0), "tiles": (), "grants": no_grants()}
    assert plain(dataclasses.replace(timeline, **nothing)) == plain(without)


def test_details_are_kept_in_the_window_alone(timeline):
    window = (200 * PS_PER_MS, 400 * PS_PER_MS)
    part = simulate(device(), work(), schedules(), music=track(), seed=3, trace=True, window_ps=window)
    assert part.spans == timeline.spans
    kept = [record.start_ps for record in part.tiles]
    assert kept == [record.start_ps for record in timeline.tiles if window[0] <= record.start_ps < window[1]]
    assert 0 < len(kept) < len(timeline.tiles)
    inside = (timeline.grants[:, L_START] >= window[0]) & (timeline.grants[:, L_START] < window[1])
    single = part.grants[(part.grants[:, L_START] >= window[0]) & (part.grants[:, L_START] < window[1])]
    assert len(part.grants) < len(timeline.grants)
    assert len(single) >= inside.sum() - 1
    assert part.grants[:, L_BYTES].sum() == timeline.grants[:, L_BYTES].sum()


def test_tiles_and_their_fetches_are_those_of_the_jobs(timeline):
    jobs = [span for span in timeline.spans if span.track == "npu"]
    assert [(job.start_ps, job.end_ps, job.step) for job in jobs] == [
        (record.start_ps, record.start_ps + int(record.times_ps[4, -1]), record.step) for record in timeline.tiles
    ]
    fetched = sum(int(record.work[0].sum()) for record in timeline.tiles)
    mine = (timeline.grants[:, L_CLIENT] == NPU) & (timeline.grants[:, L_WRITE] == 0)
    assert timeline.grants[mine, L_BYTES].sum() == fetched


def test_a_slow_processor_misses_deadlines_and_has_a_backlog():
    slow = simulate(device(chip__clock_mhz=0.5), work(), schedules(2), music=None)
    assert slow.deadline_misses > 0
    assert slow.latency.backlog_ps > 0
    assert slow.latency.npu_ps > 0
    assert sum(instant.name == "deadline miss" for instant in slow.instants) == slow.deadline_misses


def test_music_slows_speech_only_through_memory_and_cores():
    spec = device(memory__peak_gbps=3.6)
    quiet = simulate(spec, work(), schedules(40), music=None)
    loud = simulate(spec, work(), schedules(40), music=track())
    assert loud.busy_ps["npu"] > quiet.busy_ps["npu"]
    assert loud.npu_causes_ps["lanes"] <= quiet.busy_ps["npu"]


def test_a_ring_in_sram_takes_music_out_of_the_memory():
    there = simulate(device(audio__ring="sram"), work(), schedules(), music=track())
    assert there.dram_read_bytes["playback"] == 0
    here = simulate(device(), work(), schedules(), music=track())
    assert here.dram_read_bytes["playback"] > 0


@pytest.mark.parametrize(("length_ms", "heard"), [(150, False), (400, True), (700, True)])
def test_music_stops_when_the_attempt_that_finds_a_link_comes_after_the_buffers_last(length_ms, heard):
    """500 ms and the ring of 64 to 85 ms; attempts come 200 and 600 ms after the first packet that found no link."""
    outage = (100 * PS_PER_MS, (100 + length_ms) * PS_PER_MS)
    timeline = simulate(device(), work(), schedules(), music=track(), link=LinkTrace.with_outages([outage]))
    assert (timeline.underruns > 0) == heard


def test_an_early_cut_shows_and_nothing_recognised_has_no_latency():
    assert simulate(device(), dataclasses.replace(work(), premature=True), schedules(), music=None).early_cut
    for speech_end_ms in (860, None):  # after the end-point, or not known: no latency can be told
        untold = simulate(device(), dataclasses.replace(work(), speech_end_ms=speech_end_ms), schedules(), music=None)
        assert not untold.early_cut
        assert untold.latency.total_ps is untold.latency.end_pointing_ps is None
        assert untold.latency.wait_ps == untold.elapsed_ps - 840 * PS_PER_MS
        assert ("true end of speech" in {one.name for one in untold.instants}) == (speech_end_ms is not None)
    nothing = simulate(device(), work(labels=()), schedules(), music=None)
    assert nothing.latency is None
    assert nothing.first_partial_ps == -1


def test_one_schedule_per_invocation_equals_one_for_all(timeline):
    made = schedules()
    each = {name: [made[name]] * 100 for name in PROGRAMS}
    assert plain(simulate(device(), work(), each, music=track(), seed=3, trace=True)) == plain(timeline)


def test_a_missing_schedule_is_named():
    made = schedules()
    del made["joint"]
    with pytest.raises(InputError, match="'joint': no schedule"):
        simulate(device(), work(), made, music=None)
    for none in ([], {}):
        with pytest.raises(InputError, match="invocation 0: there are 0"):
            simulate(device(), work(), {**made, "joint": none}, music=None)


def test_runs_that_hypotheses_share_have_schedules_by_their_first_row(timeline):
    made, given = schedules(), work()
    shared = tuple(dataclasses.replace(job, units=2) if job.name == "joint" else job for job in given.jobs)
    rows = {job.invocation: made["joint"] for job in shared if job.name == "joint"}
    batches = dataclasses.replace(given, jobs=shared)
    assert plain(simulate(device(), batches, {**made, "joint*2": rows}, music=track(), seed=3, trace=True)) == plain(
        timeline
    )
    last = max(rows)
    del rows[last]
    with pytest.raises(InputError, match=rf"'joint\*2': invocation {last}: there are {len(rows)} schedules, none of"):
        simulate(device(), batches, {**made, "joint*2": rows}, music=None)
