"""Several networks on one processor under one policy: how long each takes from release to end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import msgspec
import numpy as np

from azsim.compare.setup import Setup
from azsim.devices.quantities import Preemption
from azsim.devices.spec import Device, NpuSharingSpec
from azsim.report.percentiles import percentile
from azsim.soc import simulate_session
from azsim.soc.companions import Companion
from azsim.soc.session import Speech
from experiments.contention.play import PlayableConfiguration, make_material

Order = Literal["as in the file", "recogniser first", "all equal"]
ORDERS: tuple[Order, ...] = get_args(Order)
PREEMPTIONS: tuple[Preemption, ...] = get_args(Preemption)
RECOGNISER = "recogniser (a step)"
PAUSE_MS = 500
PS_PER_MS = 10**9


@dataclass(frozen=True, slots=True)
class Response:
    """One network under one policy: times from release to end, runs that took longer than the period, in percent."""

    config: str
    preemption: str
    order: str
    network: str
    period_ms: float
    runs: int
    p50_ms: float
    p99_ms: float
    worst_ms: float
    late_percent: float
    npu_busy_percent: float


def sharing(
    device: Device, companions: Sequence[Companion], preemption: Preemption, order: Order
) -> tuple[Device, tuple[Companion, ...]]:
    """The device and the other networks under one policy."""
    recogniser = {"as in the file": device.npu_sharing.recogniser_priority, "recogniser first": 99, "all equal": 50}
    spec = NpuSharingSpec(preemption=preemption, recogniser_priority=recogniser[order])
    if order == "all equal":
        companions = [replace(companion, priority=50) for companion in companions]
    return msgspec.structs.replace(device, npu_sharing=spec), tuple(companions)


def play(setup: Setup, material: PlayableConfiguration, preemption: Preemption, order: Order) -> list[Response]:
    """All utterances, one after another, beside the other networks; a row per network."""
    device, companions = sharing(setup.device, material.companions, preemption, order)
    speech, start_ms = [], 0
    for work, schedules in material.speech:
        speech.append(Speech(start_ms * PS_PER_MS, work, schedules))
        start_ms += max(work.audio_ms, work.endpoint_ms) + PAUSE_MS
    session = simulate_session(
        device,
        speech,
        elapsed_ps=start_ms * PS_PER_MS,
        music=setup.music,
        seed=setup.experiment.seed,
        companions=companions,
        peak_sram_bytes=material.peak_sram_bytes,
    )
    whole = session.timeline
    step_ms = material.speech[0][0].step_ms
    asked = {RECOGNISER: (step_ms, whole.step_done_ps - whole.step_release_ps)}
    asked |= {name: (one.period_ps / PS_PER_MS, one.responses_ps) for name, one in whole.companions.items()}
    busy = 100 * whole.busy_ps["npu"] / whole.elapsed_ps
    return [
        _response(material.config, preemption, order, name, period_ms, taken_ps, busy)
        for name, (period_ms, taken_ps) in asked.items()
    ]


def _response(
    config: str, preemption: str, order: str, name: str, period_ms: float, taken_ps: Iterable[int], busy: float
) -> Response:
    taken_ms = np.asarray(taken_ps) / PS_PER_MS
    p50, p99 = (percentile(taken_ms, percent) for percent in (50, 99))
    return Response(
        config=config,
        preemption=preemption,
        order=order,
        network=name,
        period_ms=period_ms,
        runs=len(taken_ms),
        p50_ms=p50,
        p99_ms=p99,
        worst_ms=float(taken_ms.max()),
        late_percent=100 * float((taken_ms > period_ms).mean()),
        npu_busy_percent=busy,
    )


def measure(setup: Setup, name: str) -> list[Response]:
    """Every policy under the configuration of that name."""
    configuration = next(one for one in setup.experiment.configuration if one.name == name)
    material = make_material(setup, configuration)
    return [row for preemption in PREEMPTIONS for order in ORDERS for row in play(setup, material, preemption, order)]
