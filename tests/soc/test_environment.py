"""The clock: events in order, and a memory that is never behind them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.soc.environment import NEVER, DeviceEnvironment, TimedEvent


class Clockwork:
    """A memory with completions at given times; it lets them happen when it is advanced past them."""

    def __init__(self, env: DeviceEnvironment, due: list[int]) -> None:
        self.env, self.due, self.asked = env, sorted(due), []
        self.moments = {time_ps: TimedEvent(env) for time_ps in due}
        self.next_completion_ps = self.due[0] if self.due else NEVER

    def advance(self, until_ps: int) -> None:
        """Let what is due before the horizon happen; as the real one, only up to the first completion."""
        self.asked.append(until_ps)
        if self.due and self.due[0] <= until_ps:
            self.moments[self.due[0]].occur_at(self.due.pop(0))
        self.next_completion_ps = self.due[0] if self.due else NEVER


@settings(max_examples=50, deadline=None)
@given(due=st.lists(st.integers(1, 100), max_size=12, unique=True), timeouts=st.lists(st.integers(1, 100), max_size=12))
def test_completions_happen_at_their_time_among_the_events(due: list[int], timeouts: list[int]) -> None:
    env, seen = DeviceEnvironment(), []
    env.memory = Clockwork(env, due)
    for time_ps, moment in env.memory.moments.items():
        moment.callbacks.append(lambda event, time_ps=time_ps: seen.append((env.now, time_ps, event.value)))
    for time_ps in timeouts:
        env.timeout(time_ps).callbacks.append(lambda event, time_ps=time_ps: seen.append((env.now, time_ps, time_ps)))
    env.run(until=101)
    assert sorted(own for _, own, _ in seen) == sorted(due + timeouts)
    assert all(now == own == value for now, own, value in seen)
    assert [now for now, *_ in seen] == sorted(now for now, *_ in seen)


def test_the_memory_is_not_advanced_while_nothing_can_complete() -> None:
    env = DeviceEnvironment()
    env.memory = Clockwork(env, [70])
    for time_ps in (10, 20, 30, 90):
        env.timeout(time_ps)
    env.run(until=60)
    assert not env.memory.asked
    env.run(until=100)
    assert env.memory.asked == [90]


def test_events_of_one_time_keep_their_order() -> None:
    env, seen = DeviceEnvironment(), []
    moments = [TimedEvent(env) for _ in range(4)]
    for number, moment in enumerate(moments):
        moment.callbacks.append(lambda _, number=number: seen.append(number))
    for number in (2, 0, 3, 1):
        moments[number].occur_at(5)
    env.run(until=6)
    assert seen == [2, 0, 3, 1]


def test_a_moment_that_occurs_at_once_resumes_who_waits_before_the_call_returns() -> None:
    env, seen = DeviceEnvironment(), []
    moment = TimedEvent(env)

    def waiting():
        seen.append((yield moment))
        seen.append("went on")
        yield env.timeout(1)

    env.process(waiting())
    env.run(until=7)
    moment.occur()
    assert seen == [7, "went on"]
    assert moment.processed
