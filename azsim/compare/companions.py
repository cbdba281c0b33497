"""Stand-ins for the networks that share the processor with the recogniser: drawn weights, real bitstreams, real tiles.

::

    experiment: layers, period, priority ──> matrices drawn as for the production size ──> bitstreams ──> schedule

They take codec and bits of the configuration. Their weights are streamed: the chip's memory is the recogniser's.
"""

from __future__ import annotations

import numpy as np

from azsim.chip.build import build_schedule, tile_layout
from azsim.chip.pipeline import run_pipeline
from azsim.chip.schedule import Sections
from azsim.compare.drawn import draw_network
from azsim.compare.experiment import CompanionChoice
from azsim.compare.setup import Setup
from azsim.compress.network import CompressedNetwork
from azsim.devices.spec import Device
from azsim.errors import InputError
from azsim.nn.network import Network
from azsim.nn.program import Program
from azsim.nn.rnnt_programs import dense_stage, lstm_stage
from azsim.soc.companions import Companion
from azsim.speech.features import STACKED_FRAMES

SOURCES = {"input": "encoder.0.input", "recurrent": "encoder.0.recurrent", "dense": "joint.output"}
"""The trained matrix that each role is drawn from."""
_PS_PER_MS = 10**9


def companion_shapes(choice: CompanionChoice) -> dict[str, tuple[int, int]]:
    """Matrix name -> (rows, columns)."""
    found: dict[str, tuple[int, int]] = {}
    for index, layer in enumerate(choice.layers):
        if layer.kind == "lstm":
            found[f"{index}.input"] = (4 * layer.units, layer.inputs)
            found[f"{index}.recurrent"] = (4 * layer.units, layer.units)
        else:
            found[f"{index}.dense"] = (layer.units, layer.inputs)
    return found


def companion_program(choice: CompanionChoice) -> Program:
    """What one run asks of the processor."""
    shapes = companion_shapes(choice)
    stages = tuple(
        lstm_stage(shapes, str(index), first=index == 0)
        if layer.kind == "lstm"
        else dense_stage(shapes, f"{index}.dense", first=index == 0)
        for index, layer in enumerate(choice.layers)
    )
    return Program(choice.name, stages, period_steps=1)


def companions_of(setup: Setup, device: Device, trained: CompressedNetwork) -> tuple[Companion, ...]:
    """The experiment's companions under the configuration of ``trained``, ready to run on a device.

    Raises:
        InputError: those that go before the recogniser leave nothing of the processor.
    """
    made = []
    for index, choice in enumerate(setup.experiment.companion):
        shapes = companion_shapes(choice)
        network = Network(
            name=choice.name,
            parameters={name: np.broadcast_to(np.float32(0), shape) for name, shape in shapes.items()},
            pieces=(),
            stack=STACKED_FRAMES,
            time_reduction_after=-1,
            time_reduction=1,
            feature_clip=4.0,
            activation_scales={},
            digest="",
            source="drawn",
        )
        sources = {name: SOURCES[name.split(".")[1]] for name in shapes}
        seed = setup.experiment.seed + 1 + index
        drawn = draw_network(trained, network, shapes, sources, tile_layout(device.chip), seed)
        schedule = build_schedule(device.chip, companion_program(choice), drawn, steps=choice.vectors)
        made.append(Companion(choice.name, schedule, round(choice.every_ms * _PS_PER_MS), choice.priority))
    _refuse_starvation(setup, device, made)
    return tuple(made)


def _refuse_starvation(setup: Setup, device: Device, companions: list[Companion]) -> None:
    """Companions that go before the recogniser and fill the processor alone would keep it waiting for ever."""
    load = 0.0
    for companion in companions:
        if companion.priority > device.npu_sharing.recogniser_priority:
            schedule = companion.schedule
            on_chip = schedule.on_chip if isinstance(schedule, Sections) else schedule
            load += run_pipeline(on_chip, device.chip).total_cycles * device.cycle_ps / companion.period_ps
            if load >= 1:
                raise InputError(
                    f"{setup.source}: companion {companion.name!r}: with those above npu_sharing.recogniser_priority = "
                    f"{device.npu_sharing.recogniser_priority} it takes {load:.0%} of the processor; the recogniser "
                    "would never run: give it a lower priority or a longer every_ms"
                )
