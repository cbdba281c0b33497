"""What each stage of the pipeline takes on the device: bytes, memory, time, traffic, latency of its events, energy.

Time and energy are those of its jobs alone on the chip, times how often they ran; what waiting for memory adds belongs
to all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle

from azsim.chip.energy import schedule_energy
from azsim.chip.schedule import Sections, TileSchedule
from azsim.deploy.cost import program_cost
from azsim.deploy.deployment import Deployment
from azsim.report.percentiles import percentile
from azsim.report.results import StageCost
from azsim.soc.governor import initial_clock
from azsim.soc.job_graph import run_of
from azsim.soc.timeline import Timeline
from azsim.speech.pipeline import Pipeline
from azsim.speech.work import FRONT_END, RECOGNISER, Work

_PS_PER_MS, _PJ_PER_MJ = 1e9, 1e9


@dataclass(slots=True)
class _Sum:
    """Of one stage over all utterances."""

    npu_ps: float = 0.0
    fetch_bytes: float = 0.0
    cpu_cycles: float = 0.0
    energy_pj: float = 0.0


def stage_costs(
    config: str, pipeline: Pipeline, deployed: Deployment, works: Sequence[Work], timelines: Sequence[Timeline]
) -> tuple[StageCost, ...]:
    """One row for each stage, in their order.

    Args:
        config: name of the configuration.
        pipeline: the stages.
        deployed: their networks.
        works, timelines: of each utterance.
    """
    chip, cpu = deployed.device.chip, deployed.device.cpu
    sums = {stage.title: _Sum() for stage in pipeline.stages}
    owners = {stage.title: stage.title for stage in pipeline.stages}
    front_end = next(stage.title for stage in pipeline.stages if stage.kind == "front-end")
    runs: Counter[tuple[str, int]] = Counter()
    kept: dict[int, TileSchedule | Sections] = {}
    latencies: dict[str, list[float]] = {stage.title: [] for stage in pipeline.stages}
    for work, timeline in zip(works, timelines, strict=True):
        schedules = deployed.schedules_of(work)
        for job in work.jobs:
            owner = front_end if job.name == FRONT_END else owners[job.stage]
            if job.engine == "cpu":
                task = cpu.task(job.name)
                own = task.cycles_per_call + task.cycles_per_unit * job.units + job.more_cycles
                sums[owner].cpu_cycles += own
                continue
            schedule = run_of(job, schedules)
            kept[id(schedule)] = schedule
            runs[owner, id(schedule)] += 1
        for companion in deployed.companions:
            responses = timeline.companions[companion.name].responses_ps
            for run, _ in zip(cycle(companion.runs), responses):
                kept[id(run)] = run
                runs[companion.name, id(run)] += 1
            latencies[companion.name] += [one / _PS_PER_MS for one in responses]
        for event, known_ps in zip(work.events, timeline.known_ps.tolist(), strict=True):
            if known_ps >= 0:
                latencies[event.stage].append(known_ps / _PS_PER_MS - event.time_ms)
    for (owner, key), count in runs.items():
        cost = program_cost(kept[key], chip)
        parts = kept[key].parts if isinstance(kept[key], Sections) else (kept[key],)
        energy_pj = sum(
            sum(schedule_energy(part, chip.energy, deployed.device.memory).values())
            for part in parts
            if isinstance(part, TileSchedule)
        )
        fallback = cost.cpu_elements * cpu.fallback_cycles_per_element
        sums[owner].npu_ps += count * chip.clock.ps(int(cost.cycles))
        sums[owner].fetch_bytes += count * cost.fetch_bytes
        sums[owner].cpu_cycles += count * fallback
        sums[owner].energy_pj += count * energy_pj
    clock = initial_clock(cpu)
    elapsed_ps, utterances = sum(timeline.elapsed_ps for timeline in timelines), len(works)
    rows = []
    for stage in pipeline.stages:
        own, name = sums[stage.title], stage.title
        cpu_ps = own.cpu_cycles * clock.ps_per_kcycle / 1000
        network = pipeline.networks.get(name)
        waits = latencies[name]
        rows.append(
            StageCost(
                config=config,
                stage=name,
                bitstream_bytes=network.model_bytes if network else 0,
                resident_bytes=_resident(deployed, name),
                npu_share=own.npu_ps / elapsed_ps,
                cpu_ms_per_utterance=cpu_ps / _PS_PER_MS / utterances,
                dram_bytes_per_utterance=own.fetch_bytes / utterances,
                latency_p50_ms=percentile(waits, 50) if waits else None,
                latency_p99_ms=percentile(waits, 99) if waits else None,
                energy_mj_per_utterance=(own.energy_pj + clock.power_uw * cpu_ps * 1e-6) / _PJ_PER_MJ / utterances,
            )
        )
    return tuple(rows)


def _resident(deployed: Deployment, stage: str) -> int:
    plan = deployed.shared.plans.get("" if stage == RECOGNISER else stage)
    return plan.resident_bytes if plan else 0
