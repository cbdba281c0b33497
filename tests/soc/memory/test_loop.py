"""The compiled loop does not care how often it is asked to go on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.soc.environment import DeviceEnvironment, TimedEvent
from azsim.soc.memory import BankMemory, BurstMemory
from azsim.soc.npu import tile_work
from tests.soc.cases import device, schedule

REQUESTS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(1, 9000), st.booleans(), st.integers(0, 2 * 10**7)), max_size=20
)


def played(kind: type, requests: list[tuple[int, int, bool, int]], stops: list[int]) -> tuple[np.ndarray, list, int]:
    """The log of grants, the traffic, and when the processor's job ended; the clock stops in between."""
    spec = device(memory__fidelity="bank" if kind is BankMemory else "burst")
    env = DeviceEnvironment()
    memory = kind(env, spec, log=True)
    done = TimedEvent(env)
    memory.play(tile_work(schedule("beside", 6), spec), done)
    for client, size, write, at in requests:
        memory.submit(client, size, write=write, at_ps=at)
    for stop in sorted(set(stops)):
        env.run(until=stop)
    env.run(until=10**9)
    return memory.grants(), list(memory.traffic().values()), done.value


@pytest.mark.parametrize("kind", [BurstMemory, BankMemory])
@settings(max_examples=12, deadline=None)
@given(requests=REQUESTS, stops=st.lists(st.integers(1, 3 * 10**7), max_size=12))
def test_any_horizons_give_the_same_grants(kind: type, requests: list, stops: list[int]) -> None:
    whole, pieces = played(kind, requests, []), played(kind, requests, stops)
    assert np.array_equal(whole[0], pieces[0])
    assert whole[1:] == pieces[1:]


@pytest.mark.parametrize("kind", [BurstMemory, BankMemory])
@settings(max_examples=12, deadline=None)
@given(requests=REQUESTS)
def test_requests_that_come_when_they_are_due_or_beforehand_are_served_alike(kind: type, requests: list) -> None:
    """No grant is made without knowledge of all requests that are there at its time."""
    requests = sorted(requests, key=lambda request: request[3])
    spec = device(memory__fidelity="bank" if kind is BankMemory else "burst")
    logs = []
    for in_time in (False, True):
        env = DeviceEnvironment()
        memory = kind(env, spec, log=True)
        for client, size, write, at in requests:
            if in_time and at > env.now:
                env.run(until=at)
            memory.submit(client, size, write=write, at_ps=at)
        env.run(until=10**9)
        logs.append(memory.grants())
    assert np.array_equal(logs[0], logs[1])
