"""How a point is run: networks made ready once, then a session with speech, music, traffic and other networks.

::

    configuration ──> bitstreams, schedules, words ──> session on az1 with the point's memory, policy, load ──> measures
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec
import numpy as np

from azsim.arbitration import CPU, Traffic
from azsim.arbitration.policies.latency_regulated import LatencyTarget
from azsim.arbitration.policies.rate_regulated import TokenBucket
from azsim.arbitration.policies.window_threshold import Window
from azsim.chip.build import tile_layout
from azsim.compare.experiment import Configuration
from azsim.compare.production import draw, replayed
from azsim.compare.setup import Setup, compressed
from azsim.compare.stages import pipeline_of
from azsim.compare.trained import deploy
from azsim.devices.spec import Device
from azsim.report.percentiles import percentile
from azsim.soc import simulate_session
from azsim.soc.companions import Companion
from azsim.soc.job_graph import Schedules
from azsim.soc.music import MusicTrack
from azsim.soc.session import Session, Speech
from azsim.soc.waits import who_waits_for_whom
from azsim.speech.work import Work
from experiments.contention.points import (
    HEADROOM_GBPS,
    MOST_GBPS,
    REQUEST_BYTES,
    STREAMS,
    Answer,
    LoadPoint,
    Measures,
    Task,
    Waits,
)

APART_S = 3.2
PS_PER_S = 10**12


@dataclass(frozen=True)
class PlayableConfiguration:
    """A configuration, ready to be run."""

    config: str
    speech: tuple[tuple[Work, Schedules], ...]
    peak_sram_bytes: int
    companions: tuple[Companion, ...]


@dataclass(frozen=True)
class Bench:
    """All configurations and the device that they run on."""

    device: Device
    music: MusicTrack
    materials: dict[str, PlayableConfiguration]


def make_material(setup: Setup, configuration: Configuration) -> PlayableConfiguration:
    """The production-size network of a configuration: bitstreams, schedules, words, other networks."""
    trained = compressed(setup, configuration)
    large = draw(trained, setup.experiment.production, tile_layout(setup.device.chip), setup.experiment.seed)
    deployed = deploy(setup, setup.device, large, pipeline_of(setup, trained))
    speech = tuple(deployed.ready(one.work) for one in replayed(setup, large))
    return PlayableConfiguration(configuration.name, speech, deployed.peak_sram_bytes, deployed.companions)


def device_for(device: Device, point: LoadPoint) -> Device:
    """az1 with the DRAM and the policy of a point; the policies that regulate keep the cores to what is left over.

    Source: assumed. Under rate and window the cores get half of the DRAM; under latency the processor's chunks should
    take 1.5 us, a microsecond more raises them by four levels.
    """
    half_gbps = point.peak_gbps * device.memory.efficiency / 2
    memory = msgspec.structs.replace(
        device.memory,
        peak_gbps=point.peak_gbps,
        arbitration=point.policy,
        options={
            "rate": {"cpu": TokenBucket(gbps=half_gbps, burst_bytes=65536)},
            "latency": {"npu": LatencyTarget(target_ns=1500.0, lowest=4, highest=12, step_log2_ns=8)},
            "window": {"cpu": Window(window_us=100.0, threshold_bytes=round(half_gbps * 100_000))},
        },
    )
    return msgspec.structs.replace(device, memory=memory)


def track_for(music: MusicTrack, kbps: int) -> MusicTrack | None:
    """The shipped track, its packets scaled to a mean bit rate; None for silence."""
    if kbps == 0:
        return None
    if kbps < 0:
        return music
    sizes = np.maximum(1, np.rint(music.packet_bytes * (kbps / music.kbps))).astype(np.int64)
    return replace(music, packet_bytes=sizes, digest=f"{music.digest} at {kbps} kb/s")


def session_of(bench: Bench, point: LoadPoint, *, trace: bool = False) -> Session:
    """Play a point."""
    material = bench.materials[point.config]
    speech = [Speech(round(index * APART_S * PS_PER_S), *one) for index, one in enumerate(material.speech)]
    traffic = []
    if point.background_gbps:
        period_ps = round(STREAMS * REQUEST_BYTES * 1000 / point.background_gbps)
        traffic = [Traffic(CPU, REQUEST_BYTES, period_ps) for _ in range(STREAMS)]
    return simulate_session(
        device_for(bench.device, point),
        speech,
        elapsed_ps=round(len(speech) * APART_S * PS_PER_S),
        music=track_for(bench.music, point.music_kbps),
        seed=1,
        traffic=traffic,
        companions=material.companions[: point.networks],
        peak_sram_bytes=material.peak_sram_bytes,
        trace=trace,
    )


def run_point(bench: Bench, point: LoadPoint) -> Measures:
    """Play a point and measure it."""
    session = session_of(bench, point)
    whole, heard = session.timeline, session.utterances
    steps = sum(work.steps for work, _ in bench.materials[point.config].speech)
    delays_ms = (whole.step_done_ps - whole.step_release_ps) / 1e9
    words_ms = [one.latency.wait_ps / 1e9 for one in heard if one.latency]
    elapsed_ps, traffic = whole.elapsed_ps, session.traffic
    gbps = {name: (one.read_bytes + one.write_bytes) * 1000 / elapsed_ps for name, one in traffic.items()}
    late = [run > record.period_ps for record in whole.companions.values() for run in record.responses_ps]
    p50, p90, p99 = (percentile(delays_ms, percent) if len(delays_ms) else -1.0 for percent in (50, 90, 99))
    return Measures(
        step_p50_ms=p50,
        step_p90_ms=p90,
        step_p99_ms=p99,
        words_p50_ms=float(np.median(words_ms)) if words_ms else -1.0,
        miss_share=1 - sum(one.steps - one.deadline_misses for one in heard) / steps,
        underruns=whole.underruns,
        periods=session.periods,
        npu_busy_share=whole.busy_ps["npu"] / elapsed_ps,
        dram_busy_share=whole.busy_ps["dram"] / elapsed_ps,
        npu_gbps=gbps["npu"],
        cpu_gbps=gbps["cpu"],
        playback_gbps=gbps["playback"],
        network_gbps=gbps["network"],
        npu_waited_share=traffic["npu"].waiting_ps / elapsed_ps,
        late_runs_share=float(np.mean(late)) if late else 0.0,
    )


def perform(bench: Bench, task: Task) -> Answer:
    """A point's measures; the load that a search finds, a step beyond `MOST_GBPS` if there is none; shares of waits."""
    if isinstance(task, LoadPoint):
        return run_point(bench, task)
    if isinstance(task, Waits):
        timeline = session_of(bench, task.point, trace=True).timeline
        return (who_waits_for_whom(timeline.grants) / timeline.elapsed_ps).tolist()
    low, high = 0, round(MOST_GBPS / HEADROOM_GBPS) + 1
    while high - low > 1:
        middle = (low + high) // 2
        load = round(middle * HEADROOM_GBPS, 1)
        missed = run_point(bench, replace(task.point, background_gbps=load)).miss_share > 0
        low, high = (low, middle) if missed else (middle, high)
    return round(high * HEADROOM_GBPS, 1)
