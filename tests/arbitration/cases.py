"""A memory of one byte per nanosecond, and the order of its grants in plain Python."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from azsim.arbitration import Client
from azsim.arbitration.policies.latency_regulated import LatencyTarget
from azsim.arbitration.policies.rate_regulated import TokenBucket
from azsim.arbitration.policies.window_threshold import Window
from azsim.soc.environment import DeviceEnvironment
from azsim.soc.memory import BurstMemory
from azsim.soc.memory.protocol import clients_of
from tests.soc.cases import device

REGULATED = {
    "memory__options": {
        "rate": {"network": TokenBucket(gbps=0.1, burst_bytes=8192)},
        "latency": {"network": LatencyTarget(target_ns=500.0, lowest=0, highest=15, step_log2_ns=8)},
        "window": {"network": Window(window_us=100.0, threshold_bytes=10_000)},
    }
}
BOARD_CLIENTS = clients_of(device(), ())
"""Of ``az1``."""


def with_priorities(**priorities: int) -> tuple[Client, ...]:
    """The same with other priorities."""
    return tuple(replace(client, priority=priorities.get(client.name, client.priority)) for client in BOARD_CLIENTS)


def memory_with(arbitration: str) -> tuple[DeviceEnvironment, BurstMemory]:
    spec = device(
        memory__arbitration=arbitration,
        memory__peak_gbps=1.0,
        memory__efficiency=1.0,
        memory__frontend_latency_ns=0.0,
        **REGULATED,
    )
    env = DeviceEnvironment()
    return env, BurstMemory(env, spec, log=True)


Request = tuple[int, int, int]
"""Client, bytes (at most one chunk), time in picoseconds."""


def replayed(requests: list[Request], rank: Callable[[int], int]) -> list[tuple[int, int]]:
    """Client and start of each grant: whenever the memory is free the lowest rank, then the oldest, then the first."""
    waiting = [(rank(client), at, number, client, size) for number, (client, size, at) in enumerate(requests)]
    now, grants = 0, []
    while waiting:
        now = max(now, min(at for _, at, *_ in waiting))
        chosen = min(one for one in waiting if one[1] <= now)
        waiting.remove(chosen)
        grants.append((chosen[3], now))
        now += 1000 * chosen[4]
    return grants


def granted(arbitration: str, requests: list[Request]) -> list[tuple[int, int]]:
    """Client and start of each grant of the real memory."""
    env, memory = memory_with(arbitration)
    for client, size, at in requests:
        memory.submit(client, size, write=False, at_ps=at)
    env.run(until=10**12)
    return [(int(row[0]), int(row[3])) for row in memory.grants()]
