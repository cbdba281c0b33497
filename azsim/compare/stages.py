"""The stages of an experiment under one configuration: their options, their pipeline, their networks on the device."""

from __future__ import annotations

from collections.abc import Sequence

from azsim.chip.build import tile_layout
from azsim.compare.experiment import Configuration
from azsim.compare.setup import Setup
from azsim.compress import compress
from azsim.compress.network import CompressedNetwork
from azsim.deploy.cost import program_cost
from azsim.deploy.deployment import Beside
from azsim.devices.spec import Device
from azsim.errors import InputError, located
from azsim.nn.compressible import Compressible
from azsim.soc.companions import Companion
from azsim.speech.pipeline import Pipeline, with_those_always_there
from azsim.speech.stage import Configured


def pipeline_of(setup: Setup, small: CompressedNetwork) -> Pipeline:
    """The experiment's stages with the recogniser ``small``; networks of their own get its configuration.

    Raises:
        InputError: a stage's options or network are wrong.
    """
    experiment, layout = setup.experiment, tile_layout(setup.device.chip)
    own = next((one for one in experiment.configuration if one.name == small.name), None)

    def compressed(network: Compressible) -> CompressedNetwork:
        chosen = own or Configuration(name=small.name, codec="raw")
        return compress(
            network,
            name=small.name,
            weight_bits=chosen.weight_bits,
            sparsity=chosen.sparsity,
            codec=chosen.codec,
            options=chosen.codec_options,
            layout=layout,
        )

    with located(f"{setup.source}: configuration {small.name!r}"):
        ends = experiment.ends
        stages = with_those_always_there(
            experiment.stage, ends.silence_ms, experiment.search, ends.limits, experiment.context
        )
        return Pipeline(stages, Configured(small, compressed, layout, experiment.seed))


def beside(pipeline: Pipeline) -> dict[str, Beside]:
    """The networks of all stages but the recogniser, as a deployment takes them."""
    return {
        stage.title: Beside(
            pipeline.networks[stage.title],
            stage.priority,
            every_ms=stage.always_on.every_ms if stage.always_on else None,
            vectors=stage.always_on.vectors if stage.always_on else 1,
            residency=stage.residency,
        )
        for stage in pipeline.stages
        if stage.title in pipeline.networks and stage.kind != "recogniser"
    }


def refuse_starvation(device: Device, companions: Sequence[Companion]) -> None:
    """Networks that go before the recogniser and fill the processor alone would keep it waiting for ever.

    Raises:
        InputError: these do.
    """
    load = 0.0
    for companion in companions:
        if companion.priority > device.npu_sharing.recogniser_priority:
            cycles = sum(program_cost(run, device.chip).cycles for run in companion.runs) / len(companion.runs)
            load += device.chip.clock.ps(round(cycles)) / companion.period_ps
            if load >= 1:
                raise InputError(
                    f"stage {companion.name!r}: with those above npu_sharing.recogniser_priority = "
                    f"{device.npu_sharing.recogniser_priority} it takes {load:.0%} of the processor; the recogniser "
                    "would never run: give it a lower priority or a longer every_ms"
                )
