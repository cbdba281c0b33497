"""Jobs wait for their predecessors and their release, and the final words for the recogniser's jobs alone."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.soc.device import DeviceSimulation
from azsim.soc.job_graph import JobGraph, _cycles, kept_until, threads_of
from azsim.soc.utterance import SpeechChain, simulate
from azsim.speech.work import RECOGNISER, Job, Work
from tests.soc.cases import device, schedule, schedules, work


def graph_of(jobs: tuple[Job, ...], endpoint_ms: int = 300) -> Work:
    """An utterance of ten steps with these jobs."""
    return replace(work(audio_ms=300, labels=(), endpoint_ms=endpoint_ms), speech_end_ms=0, jobs=jobs)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Job, ...]:
    """Any graph of jobs of two stages on both engines."""
    jobs = []
    for place in range(draw(st.integers(1, 14))):
        after = tuple(sorted(draw(st.sets(st.integers(0, place - 1), max_size=3)))) if place else ()
        engine = draw(st.sampled_from(("cpu", "npu")))
        stage = draw(st.sampled_from((RECOGNISER, RECOGNISER, "speaker")))
        release_ms = draw(st.integers(0, 10)) * 30
        name = "search" if engine == "cpu" else "joint"
        jobs.append(Job(engine, name, draw(st.integers(0, 9)), release_ms, stage=stage, after=after))
    return tuple(jobs)


def played(jobs: tuple[Job, ...]) -> tuple[SpeechChain, dict[int, tuple[int, int]]]:
    """The chain after a run, and when each job that ran began and ended, by place."""
    made = {"joint": schedule("joint", 3), "speaker/joint": schedule("joint", 5, seed=2)}
    simulation = DeviceSimulation(device(), None, 0)
    chain = SpeechChain(simulation, graph_of(jobs), made)
    graph, ran = chain._graph, {}
    execute = graph._execute

    def watched(job: Job):
        begin_ps = simulation.env.now
        yield from execute(job)
        ran[next(place for place, each in enumerate(jobs) if each is job)] = (begin_ps, simulation.env.now)

    graph._execute = watched
    simulation.env.run(until=simulation.env.process(chain.run()))
    return chain, ran


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_every_job_runs_once_after_its_predecessors_and_its_release(jobs: tuple[Job, ...]) -> None:
    chain, ran = played(jobs)
    roots = {place for place, job in enumerate(jobs) if not job.after and job.engine == "cpu"}
    assert set(ran) | roots == set(kept_until(chain.work, 300))
    for place, (begin_ps, _) in ran.items():
        assert begin_ps >= jobs[place].release_ms * 10**9
        for before in jobs[place].after:
            assert before in roots or begin_ps >= ran[before][1]


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_the_final_words_wait_for_the_recogniser_alone(jobs: tuple[Job, ...]) -> None:
    chain, ran = played(jobs)
    own = [ended for place, (_, ended) in ran.items() if jobs[place].stage == RECOGNISER]
    assert chain.final_ps >= max([chain.endpoint_ps, *own])
    ends = {
        **{place: event.value for place, event in chain._graph._ended.items()},
        **{p: e for p, (_, e) in ran.items()},
    }
    others = [ended for place, ended in ends.items() if jobs[place].stage != RECOGNISER]
    assert chain.stages_ps == ({"speaker": max(others)} if others else {})


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_threads_hold_every_job_once_in_order_of_the_graph(jobs: tuple[Job, ...]) -> None:
    places = list(range(len(jobs)))
    threads = threads_of(jobs, places)
    held = [place for thread in threads for place in thread]
    assert sorted(held) == [place for place in places if jobs[place].after or jobs[place].engine == "npu"]
    for thread in threads:
        assert thread == sorted(thread)
        assert len({jobs[place].stage for place in thread}) == 1
        for before, place in pairwise(thread):
            assert before in jobs[place].after


def test_a_job_that_waits_for_one_after_the_end_point_does_not_run() -> None:
    jobs = (Job("npu", "joint", 0, 600), Job("npu", "joint", 0, 30, after=(0,)), Job("npu", "joint", 0, 30))
    assert kept_until(graph_of(jobs), 300) == [2]


def test_another_stage_runs_beside_the_recogniser_and_costs_it_time() -> None:
    plain = work()
    last = len(plain.jobs) - 1
    beside = [Job("npu", "embed", 3, 120, stage="speaker", after=(last // 2,)) for _ in range(4)]
    made = {**schedules(), "speaker/embed": schedule("embed", 400)}
    alone = simulate(device(), plain, made, music=None)
    shared = simulate(device(), plain.followed_by(beside), made, music=None)
    assert shared.dram_read_bytes["npu"] == alone.dram_read_bytes["npu"] + 4 * made["speaker/embed"].fetch_bytes.sum()
    assert shared.step_done_ps.max() >= alone.step_done_ps.max()


def test_a_chain_without_other_stages_leaves_no_stage_behind() -> None:
    simulation = DeviceSimulation(device(), None, 0)
    graph = JobGraph(simulation, work(), schedules(), 0, 0)
    simulation.env.run(until=simulation.env.process(graph.run_recogniser()))
    assert graph.stages_ps == {}
    assert pytest.approx(max(graph.done_ps.values())) == simulation.env.now


def test_what_a_routine_takes_beyond_the_devices_figure_is_charged():
    cpu = device().cpu
    plain = Job("cpu", "frontend", 0, 0, units=3)
    assert _cycles(replace(plain, more_cycles=1344), cpu) == _cycles(plain, cpu) + 1344
