"""The loop that grants the device's chunks beside queueing theory; `experiments/queueing` does it at full size."""

from __future__ import annotations

import pytest

from azsim.arbitration import CPU, MICROPHONE, NETWORK, PLAYBACK
from azsim.arbitration.policies.fifo import Fifo
from azsim.arbitration.policies.fixed_priority import FixedPriority
from azsim.arbitration.policies.latency_regulated import LatencyRegulated, LatencyTarget
from azsim.arbitration.policies.proportional_fair import ProportionalFair
from azsim.arbitration.policies.rate_regulated import RateRegulated, TokenBucket
from azsim.arbitration.policies.window_threshold import Window
from azsim.reference.poisson import PoissonMeasurement, Source, poisson_load
from azsim.reference.queueing import (
    Arrivals,
    chunked_responses,
    conserved_work,
    fifo_wait,
    priority_waits,
)
from tests.soc.cases import device

JOBS = 400_000
UNIT = device(memory__peak_gbps=1.0, memory__efficiency=1.0)
"""A byte takes a nanosecond."""

SIZES = (200, 900, 1900)
MEAN, SQUARED = 1.0, (0.2**2 + 0.9**2 + 1.9**2) / 3
TARGET = LatencyTarget(target_ns=3000.0, lowest=0, highest=15, step_log2_ns=9)


def near(measured_ps: tuple[float, float], theory_us: float) -> bool:
    mean, error = measured_ps
    return abs(mean / 1e6 - theory_us) < 3 * error / 1e6


@pytest.mark.parametrize("load", [0.3, 0.8])
def test_m_d_1_and_littles_law(load):
    got = poisson_load(UNIT, [Source(CPU, load, (1000,))], JOBS, policy=Fifo())
    theory = fifo_wait([Arrivals(load, 1.0, 1.0)])
    assert theory == pytest.approx(load / (2 * (1 - load)))
    assert near(got.wait_ps(CPU), theory)
    found, error = got.found(CPU)
    assert abs(found - load * (theory + 1)) < 3 * error
    assert abs(got.busy_ps / got.elapsed_ps - load) < 0.01


def test_m_g_1():
    got = poisson_load(UNIT, [Source(CPU, 0.7, SIZES)], JOBS, policy=Fifo())
    assert near(got.wait_ps(CPU), fifo_wait([Arrivals(0.7, MEAN, SQUARED)]))


def test_priorities_wait_as_cobham_says():
    classes = [Arrivals(0.3, 1, 1), Arrivals(0.15, 3, 9)]
    got = poisson_load(UNIT, [Source(PLAYBACK, 0.3, (1000,)), Source(CPU, 0.15, (3000,))], JOBS)
    theory = priority_waits(classes)
    assert theory == pytest.approx([1.1786, 4.714], abs=1e-3)
    assert near(got.wait_ps(PLAYBACK), theory[0])
    assert near(got.wait_ps(CPU), theory[1])


@pytest.mark.parametrize(
    "policy",
    [
        Fifo(),
        FixedPriority(),
        ProportionalFair(0.5),
        LatencyRegulated({"cpu": TARGET}),
    ],
    ids=lambda policy: type(policy).__name__,
)
def test_load_times_wait_is_conserved(policy):
    sources = [Source(PLAYBACK, 0.2, SIZES), Source(MICROPHONE, 0.25, (1000,)), Source(CPU, 0.15, (200, 3800))]
    classes = [Arrivals(0.2, MEAN, SQUARED), Arrivals(0.25, 1, 1), Arrivals(0.15, 2.0, (0.2**2 + 3.8**2) / 2)]
    mean, error = poisson_load(UNIT, sources, JOBS, policy=policy).wait_share()
    assert abs(mean / 1e6 - conserved_work(classes)) < 3 * error / 1e6


@pytest.mark.parametrize("chunk", [768, 192, 64])
def test_chunks_let_others_in_between_cobham_and_preemptive_resume(chunk):
    spec = device(memory__peak_gbps=1.0, memory__efficiency=1.0, memory__chunk_bytes=chunk)
    classes = [Arrivals(0.3 / 0.768, 0.768, 0.768**2), Arrivals(0.45 / 2.304, 2.304, 2.304**2)]
    sources = [Source(PLAYBACK, classes[0].rate, (768,)), Source(CPU, classes[1].rate, (2304,))]
    got = poisson_load(spec, sources, JOBS // 2, in_turn=True)
    theory = chunked_responses(classes, chunk / 1000)
    assert near(got.response_ps(PLAYBACK), theory[0])
    assert near(got.response_ps(CPU), theory[1])


def regulated(burst_bytes: int) -> PoissonMeasurement:
    policy = RateRegulated({"network": TokenBucket(gbps=0.4, burst_bytes=burst_bytes)})
    sources = [Source(NETWORK, 0.38, SIZES), Source(CPU, 0.3, SIZES)]
    return poisson_load(UNIT, sources, JOBS, policy=policy, watch_gbps={NETWORK: 0.4})


@pytest.mark.parametrize("burst_bytes", [4096, 16384])
def test_a_token_bucket_never_lets_more_through_than_rate_times_time_and_a_burst(burst_bytes):
    got = regulated(burst_bytes)
    assert 0.95 * burst_bytes < got.above_rate_bytes(NETWORK) <= burst_bytes
    free = poisson_load(UNIT, [Source(NETWORK, 0.38, SIZES), Source(CPU, 0.3, SIZES)], JOBS, watch_gbps={NETWORK: 0.4})
    assert free.above_rate_bytes(NETWORK) > burst_bytes
    assert free.wait_ps(NETWORK)[0] < got.wait_ps(NETWORK)[0]


def test_windows_hold_back_whoever_has_had_enough():
    spec = device(
        memory__peak_gbps=1.0,
        memory__efficiency=1.0,
        memory__arbitration="window-threshold",
        memory__options={"window": {"network": Window(window_us=100.0, threshold_bytes=20_000)}},
    )
    # 0.2 of the memory's rate is allowed and 0.3 asked for: the queue grows without end
    with pytest.raises(OverflowError):
        poisson_load(spec, [Source(NETWORK, 0.3, (1000,))], JOBS, waiting_room=256)
    got = poisson_load(spec, [Source(NETWORK, 0.15, (1000,)), Source(CPU, 0.3, (1000,))], JOBS)
    assert got.wait_ps(NETWORK)[0] > 2 * got.wait_ps(CPU)[0]
