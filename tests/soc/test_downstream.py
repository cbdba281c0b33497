"""Work downstream over event logs: nothing of before the last reset is delivered, whatever takes how long."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from azsim.soc.device import DeviceSimulation
from azsim.soc.downstream import PS_PER_MS, Downstream, DownstreamChoice, DownstreamRecord, follow
from azsim.soc.utterance import END_POINTER, simulate
from azsim.speech.work import LogEntry, Work
from tests.soc.cases import device, schedules, work

LETTER = {"begun": "b", "forgotten": "f", "result": "r", "delivered": "d"}


@st.composite
def logs(draw: st.DrawFn) -> list[tuple[int, str]]:
    """The events of an utterance, as the protocol allows them; several may be known at one time."""
    kinds = ["speculative", "resume"] * draw(st.integers(0, 4)) + ["speculative", "commit"]
    times, now = [], 0
    for _ in kinds:
        now += draw(st.integers(0, 400))
        times.append(now * PS_PER_MS)
    return list(zip(times, kinds, strict=True))


def asked(log: list[tuple[int, str]], choice: DownstreamChoice, waits_ms: list[int]) -> DownstreamRecord:
    """The same with a cloud that takes so long for each question."""
    env = simpy.Environment(initial_time=0)
    left = iter(waits_ms)

    def ask():
        yield env.timeout(next(left) * PS_PER_MS)

    downstream = Downstream(env, choice, ask)

    def tell():
        for time_ps, kind in log:
            yield env.timeout(time_ps - env.now)
            {"speculative": downstream.told, "resume": downstream.reset, "commit": downstream.committed}[kind]()

    env.process(tell())
    env.run()
    return downstream.record()


@given(logs(), st.integers(0, 700), st.booleans(), st.lists(st.integers(0, 700), min_size=6, max_size=6))
def test_no_result_older_than_the_last_reset_is_delivered(
    log: list[tuple[int, str]], understanding_ms: int, speculate: bool, waits_ms: list[int]
) -> None:
    made = asked(log, DownstreamChoice(understanding_ms, cloud=True, speculate=speculate), waits_ms)
    resets = [time_ps for time_ps, kind in log if kind == "resume"]
    begun = [event for event in made.events if event.kind == "begun"]
    delivered = [event for event in made.events if event.kind == "delivered"]
    assert len(delivered) == 1
    assert delivered[0].revision == begun[-1].revision == len(resets)
    assert begun[-1].time_ps >= max(resets, default=0)
    assert made.delivered_ps >= max(log[-1][0], begun[-1].time_ps + understanding_ms * PS_PER_MS)
    words = "".join(LETTER[event.kind] for event in made.events)
    assert re.fullmatch("(br?f)*brd", words) if speculate else words == "brd"
    assert 0 <= made.wasted_ps <= sum(
        forgot.time_ps - began.time_ps
        for began, forgot in zip(begun, [event for event in made.events if event.kind == "forgotten"], strict=False)
    )


@given(logs(), st.integers(0, 700))
def test_a_result_comes_earlier_by_the_lead_or_by_the_work(log: list[tuple[int, str]], work_ms: int) -> None:
    early, late = (follow(log, DownstreamChoice(work_ms, speculate=each)) for each in (True, False))
    lead_ps = log[-1][0] - log[-2][0]
    assert late.delivered_ps == log[-1][0] + work_ms * PS_PER_MS
    assert late.delivered_ps - early.delivered_ps == min(lead_ps, work_ms * PS_PER_MS)
    assert (late.runs, late.wasted_ps) == (1, 0)
    assert early.runs == sum(kind == "speculative" for _, kind in log)


def test_what_was_forgotten_does_not_ask_the_cloud() -> None:
    log = [(0, "speculative"), (50 * PS_PER_MS, "resume"), (60 * PS_PER_MS, "speculative"), (90 * PS_PER_MS, "commit")]
    made = asked(log, DownstreamChoice(100, cloud=True), [30])
    assert [(event.time_ps // PS_PER_MS, event.kind, event.revision) for event in made.events] == [
        (0, "begun", 0), (50, "forgotten", 0), (60, "begun", 1), (190, "result", 1), (190, "delivered", 1),
    ]  # fmt: skip
    assert made.wasted_ps == 50 * PS_PER_MS


@pytest.mark.parametrize("speculate", [True, False])
def test_words_without_a_speculative_end_are_followed_from_the_final_ones(speculate: bool) -> None:
    made = follow([(5 * PS_PER_MS, "commit")], DownstreamChoice(10, speculate=speculate))
    assert (made.runs, made.delivered_ps) == (1, 15 * PS_PER_MS)


def told_work() -> Work:
    """An utterance whose end-pointer tells words, takes them back and tells others, behind jobs of the cores."""
    plain = work()
    jobs = list(enumerate(plain.jobs))
    cores = [place for place, job in jobs if job.engine == "cpu" and job.after and job.release_ms < 840]
    times = sorted({plain.jobs[place].release_ms for place in cores})[-3:]
    places = [next(place for place in reversed(cores) if plain.jobs[place].release_ms == time) for time in times]
    kinds = ("told", "reset", "told")
    events = tuple(LogEntry(*each) for each in zip(times, [END_POINTER] * 3, kinds, ["a"] * 3, places, strict=True))
    return replace(plain, events=events)


def test_on_a_device_it_begins_when_the_decision_is_known_and_changes_nothing_before_the_words() -> None:
    one = told_work()
    plain, followed = (
        simulate(device(), one, schedules(), music=None, downstream=choice) for choice in (None, DownstreamChoice(40.0))
    )
    assert plain.downstream is None
    record = followed.downstream
    known_ps = dict(zip([(event.kind, event.time_ms) for event in one.events], followed.known_ps.tolist(), strict=True))
    begun = [event.time_ps for event in record.events if event.kind == "begun"]
    assert begun == [known_ps["told", event.time_ms] for event in one.events if event.kind == "told"]
    assert record.delivered_ps == max(followed.elapsed_ps, begun[-1] + 40 * PS_PER_MS)
    assert replace(followed, downstream=None, grants=plain.grants).facts() == plain.facts()
    assert followed.latency == plain.latency
    assert dict(followed.energy_pj) == dict(plain.energy_pj)


def test_the_timeline_of_work_that_asks_the_cloud_ends_with_its_answer() -> None:
    def asking(simulation: DeviceSimulation):
        def ask():
            sent_ps = simulation.radio.transfer("lattice", 300, simulation.env.now, up=True, kind="lattice")
            yield simulation.env.timeout(sent_ps + 80 * PS_PER_MS - simulation.env.now)

        return ask

    choice = DownstreamChoice(10.0, cloud=True)
    made = simulate(device(), told_work(), schedules(), music=None, downstream=choice, asking=asking)
    assert made.elapsed_ps == made.downstream.delivered_ps
    assert made.uplink_bytes >= 300


def test_nothing_follows_where_nothing_was_recognised() -> None:
    silent = replace(work(labels=()), last_label_step=-1)
    assert simulate(device(), silent, schedules(), music=None, downstream=DownstreamChoice()).downstream is None
