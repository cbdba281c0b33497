"""What the loop, its policies and the cores do with Poisson requests, each beside its closed form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace

import azsim
from azsim.arbitration import CPU, MICROPHONE, NETWORK, PLAYBACK, Policy
from azsim.arbitration.policies.fifo import Fifo
from azsim.arbitration.policies.fixed_priority import FixedPriority
from azsim.arbitration.policies.latency_regulated import LatencyRegulated, LatencyTarget
from azsim.arbitration.policies.proportional_fair import ProportionalFair
from azsim.arbitration.policies.rate_regulated import RateRegulated, TokenBucket
from azsim.devices.spec import Device
from azsim.reference.poisson import Source, poisson_load
from azsim.reference.queueing import (
    Arrivals,
    chunked_responses,
    conserved_work,
    fifo_wait,
    preemptive_responses,
    priority_waits,
)
from azsim.soc.cpu import Cores
from azsim.soc.environment import DeviceEnvironment
from azsim.soc.memory import BurstMemory
from azsim.soc.trace import Recorder

SIZES = (200, 900, 1900)
"""Bytes of a request of random size, equally likely: mean 1000, so that theory's unit is a microsecond."""


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison; ``error`` is the standard error of ``measured``, 0 for a bound that must hold."""

    layer: str
    what: str
    jobs: int
    theory: float
    measured: float
    error: float

    @property
    def errors(self) -> float:
        """How many standard errors measured and theory are apart; for a bound, its share that was used."""
        return (self.measured - self.theory) / self.error if self.error else self.measured / self.theory

    @property
    def holds(self) -> bool:
        """Within 3 standard errors, or within the bound."""
        return abs(self.errors) <= 3 if self.error else self.measured <= self.theory


def unit_device(chunk_bytes: int = 4096) -> Device:
    """``az1`` with a memory of a byte per nanosecond."""
    device = azsim.load_device("az1")
    memory = replace(
        device.memory, peak_gbps=1.0, efficiency=1.0, frontend_latency_ns=0.0, chunk_bytes=chunk_bytes, fidelity="burst"
    )
    return replace(device, memory=memory)


def arrivals(load: float, sizes: tuple[int, ...]) -> Arrivals:
    """A class with that load, in microseconds."""
    service = np.array(sizes) / 1000
    return Arrivals(load / service.mean(), float(service.mean()), float((service**2).mean()))


def source(client: int, load: float, sizes: tuple[int, ...]) -> Source:
    """The same as a client's requests."""
    return Source(client, load * 1000 / float(np.mean(sizes)), sizes)


def check(what: str, jobs: int, theory_us: float, measured_ps: tuple[float, float], layer: str = "compiled") -> Check:
    """A mean time in microseconds."""
    return Check(layer, what, jobs, theory_us, measured_ps[0] / 1e6, measured_ps[1] / 1e6)


def single_server(jobs: int, name: str, sizes: tuple[int, ...]) -> Iterator[Check]:
    """M/D/1 or M/G/1, with Little's law."""
    device = unit_device()
    for load in (0.2, 0.5, 0.8):
        count = jobs if load == 0.8 else jobs // 10
        got = poisson_load(device, [source(CPU, load, sizes)], count, policy=Fifo())
        yield check(f"{name} wait, load {load}", count, fifo_wait([arrivals(load, sizes)]), got.wait_ps(CPU))
    rate = arrivals(load, sizes).rate
    found, response = got.found(CPU), got.response_ps(CPU)
    error = float(np.hypot(found[1], rate * response[1] / 1e6))
    what = f"{name} number found = rate x time (Little), load {load}"
    yield Check("compiled", what, jobs, rate * response[0] / 1e6, found[0], error)


CLASSES = ((PLAYBACK, 0.2, SIZES), (MICROPHONE, 0.25, (1000,)), (NETWORK, 0.35, (200, 3800)))
"""Client, load and sizes, the highest priority first; 0.8 in all."""


def discipline(jobs: int, name: str) -> Iterator[Check]:
    """Cobham's waits per class, and Kleinrock's law for a policy that neither idles nor looks at sizes."""
    device = unit_device()
    classes = [arrivals(load, sizes) for _, load, sizes in CLASSES]
    sources = [source(*one) for one in CLASSES]
    target = LatencyTarget(target_ns=4000.0, lowest=0, highest=15, step_log2_ns=10)
    policies: dict[str, Policy] = {
        "fixed-priority": FixedPriority(),
        "fifo": Fifo(),
        "proportional-fair": ProportionalFair(0.5),
        "latency-regulated": LatencyRegulated({"network": target, "playback": target}),
    }
    got = poisson_load(device, sources, jobs, policy=policies[name])
    if name == "fixed-priority":
        for (client, *_), theory, number in zip(CLASSES, priority_waits(classes), (1, 2, 3), strict=True):
            yield check(f"Cobham wait, class {number} of 3, load 0.8", jobs, theory, got.wait_ps(client))
    if name == "fifo":
        for (client, *_), number in zip(CLASSES, (1, 2, 3), strict=True):
            what = f"M/G/1 wait, class {number} of 3 in one queue, load 0.8"
            yield check(what, jobs, fifo_wait(classes), got.wait_ps(client))
    yield check(f"Kleinrock: load x wait, {name}", jobs, conserved_work(classes), got.wait_share())


def preemption(jobs: int) -> Iterator[Check]:
    """Priorities with requests that let others in after every chunk: from Cobham (one chunk) to preemptive resume."""
    sizes, loads = (768, 2304), (0.3, 0.5)
    classes = [arrivals(load, (size,)) for load, size in zip(loads, sizes, strict=True)]
    sources = [source(client, load, (size,)) for client, load, size in zip((PLAYBACK, CPU), loads, sizes, strict=True)]
    for chunk in (768, 192, 64):
        count = jobs if chunk == 192 else jobs // 10
        got = poisson_load(unit_device(chunk), sources, count, in_turn=True)
        theory = chunked_responses(classes, chunk / 1000)
        for client, number, each in zip((PLAYBACK, CPU), (1, 2), theory, strict=True):
            limit = preemptive_responses(classes)[number - 1]
            what = f"time in system, class {number} of 2, chunks of {chunk} B (preemptive resume: {limit:.3f})"
            yield check(what, count, each, got.response_ps(client))


def regulation(jobs: int) -> Iterator[Check]:
    """A token bucket: rate x T + burst over any stretch, with more on offer than the rate lets through in bursts."""
    device = unit_device()
    bucket = TokenBucket(gbps=0.4, burst_bytes=16384)
    policy = RateRegulated({"network": bucket})
    sources = [source(NETWORK, 0.38, SIZES), source(CPU, 0.4, SIZES)]
    got = poisson_load(device, sources, jobs, policy=policy, watch_gbps={NETWORK: 0.4})
    yield Check("compiled", "token bucket: most bytes above rate x T, any T (bound: burst)", jobs,
                bucket.burst_bytes, got.above_rate_bytes(NETWORK), 0.0)  # fmt: skip


def simpy_memory(jobs: int) -> Iterator[Check]:
    """M/D/1 where a SimPy process submits every request."""
    env = DeviceEnvironment()
    memory = BurstMemory(env, unit_device(), policy=Fifo())
    rng = np.random.default_rng(3)
    batches: list[float] = []

    def process():
        waited, size = 0, jobs // 100
        for _ in range(100):
            for gap_ps in rng.exponential(1e6 / 0.8, size).astype(np.int64).tolist():
                yield env.timeout(gap_ps)
                memory.submit(CPU, 1000, write=False, at_ps=env.now)
            total = memory.traffic()["cpu"].waiting_ps
            batches.append((total - waited) / size)
            waited = total

    env.run(until=env.process(process()))
    measured = (float(np.mean(batches)), float(np.std(batches, ddof=1) / 10))
    yield check("M/D/1 wait, load 0.8", jobs, fifo_wait([arrivals(0.8, (1000,))]), measured, "SimPy")


def simpy_cores(jobs: int) -> Iterator[Check]:
    """Preemptive resume on a core: services of 1 and 3 us, load 0.75; a job that lost its age would take 10.36."""
    device = unit_device()
    cores = replace(
        device.cpu, cores=1, clock_mhz=1000.0, memory_bytes_per_kcycle=0.0, wake_us=0.0, context_switch_us=0.0
    )
    env = DeviceEnvironment()
    cpu = Cores(env, BurstMemory(env, device), cores, Recorder(False))
    classes = [Arrivals(0.3, 1, 1), Arrivals(0.15, 3, 9)]
    rng = np.random.default_rng(4)
    times: list[list[int]] = [[], []]

    def process(number: int, one: Arrivals, count: int):
        for gap_ps in rng.exponential(1e6 / one.rate, count).astype(np.int64).tolist():
            yield env.timeout(gap_ps)
            done = cpu.run("job", round(one.service * 1000), task=("music_decode", "search")[number])
            at_ps = env.now
            done.callbacks.append(lambda event, at_ps=at_ps: times[number].append(env.now - at_ps))

    running = [env.process(process(0, classes[0], jobs * 2 // 3)), env.process(process(1, classes[1], jobs // 3))]
    env.run(until=env.all_of(running))
    for number, theory in enumerate(preemptive_responses(classes)):
        each = np.array(times[number][: len(times[number]) // 100 * 100]).reshape(100, -1).mean(1)
        measured = (float(each.mean()), float(each.std(ddof=1) / 10))
        what = f"preemptive resume on a core, time in system, class {number + 1} of 2, load 0.75"
        yield check(what, jobs, theory, measured, "SimPy")


def listed(part: Callable[..., Iterator[Check]], arguments: tuple[object, ...]) -> list[Check]:
    """All comparisons of a part."""
    return list(part(*arguments))
