"""A production-size RNN-T that is timed without being trained.

A small trained network nearly fits on the chip; weight traffic, latency and
music meet at production size. Its weights are drawn, matrix by matrix, from
the distribution of the trained network's int8 values under the same
configuration, so the bitstreams are real and have the right bits and zeros.
What a drawn matrix lacks is structure: rows and columns that differ from each
other. The words come from the trained network: its steps and labels are replayed.

Source: shape from the Amazon-like default in the literature survey (64-dim
features, 3 stacked, 5 x 1024 encoder, 2 x 1024 prediction, 4,000 pieces); `assumed`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from azsim.chip.build import tile_layout
from azsim.compare.experiment import Configuration, ProductionChoice
from azsim.compare.sensitivity import sensitivity_points
from azsim.compare.setup import Setup, compressed
from azsim.compare.shown import Choose
from azsim.compare.speech_set import spread
from azsim.compare.stages import pipeline_of
from azsim.compare.trained import deploy, describe, recognise, result_of, traced_utterance
from azsim.compress.drawn import DrawnNetwork, draw_network
from azsim.compress.layout import TileLayout
from azsim.compress.network import CompressedNetwork
from azsim.devices import Device
from azsim.nn.rnnt.network import Network
from azsim.report import results as report
from azsim.report.ranking import SensitivityPoint
from azsim.report.roofline import RooflinePoint, roofline_points
from azsim.soc.job_graph import Schedules
from azsim.soc.timeline import Timeline
from azsim.speech.conclusion import Recognition
from azsim.speech.features import MEL_BINS, STACKED_FRAMES
from azsim.speech.gather import gather
from azsim.speech.replay import replay

_driving: list[tuple[Setup, list[Recognition]]] = []


def shapes(choice: ProductionChoice) -> dict[str, tuple[int, int]]:
    """Matrix name -> (rows, columns), in the order of a trained network's names."""
    encoder, prediction = choice.encoder_units, choice.prediction_units
    found: dict[str, tuple[int, int]] = {}
    for layer in range(choice.encoder_layers):
        found[f"encoder.{layer}.input"] = (4 * encoder, encoder if layer else MEL_BINS * STACKED_FRAMES)
        found[f"encoder.{layer}.recurrent"] = (4 * encoder, encoder)
    found["prediction.embedding"] = (choice.pieces, choice.embedding)
    for layer in range(choice.prediction_layers):
        found[f"prediction.{layer}.input"] = (4 * prediction, prediction if layer else choice.embedding)
        found[f"prediction.{layer}.recurrent"] = (4 * prediction, prediction)
    found["joint.encoder"] = (choice.joint, encoder)
    found["joint.prediction"] = (choice.joint, prediction)
    found["joint.output"] = (choice.pieces, choice.joint)
    return found


def skeleton(choice: ProductionChoice) -> Network:
    """The network's shape; its float parameters are zeros that take no memory, and nothing reads them."""
    parameters = {name: np.broadcast_to(np.float32(0), shape) for name, shape in shapes(choice).items()}
    for name, (rows, _) in shapes(choice).items():
        if name.endswith(".input"):
            parameters[name.replace(".input", ".bias")] = np.broadcast_to(np.float32(0), (rows,))
    parameters["joint.bias"] = np.broadcast_to(np.float32(0), (choice.joint,))
    parameters["joint.output_bias"] = np.broadcast_to(np.float32(0), (choice.pieces,))
    return Network(
        name="production-size",
        parameters=parameters,
        pieces=tuple(str(index) for index in range(choice.pieces)),
        stack=STACKED_FRAMES,
        time_reduction_after=choice.encoder_layers - 1,
        time_reduction=1,
        feature_clip=4.0,
        activation_scales={},
        digest="",
        source="drawn",
    )


def model_for(name: str, trained: Collection[str]) -> str:
    """The trained matrix whose values a production matrix is drawn from: the same role, the nearest layer."""
    if name in trained:
        return name
    part, _, role = name.split(".")
    layers = [known for known in trained if known.startswith(f"{part}.") and known.endswith(f".{role}")]
    return max(layers, key=lambda known: int(known.split(".")[1]))


def draw(trained: CompressedNetwork, choice: ProductionChoice, layout: TileLayout, seed: int) -> DrawnNetwork:
    """A production-size network under the configuration of ``trained``: drawn, encoded, ready to be timed."""
    sources = {name: model_for(name, trained.matrices) for name in shapes(choice)}
    return draw_network(trained, skeleton(choice), shapes(choice), sources, layout, seed)


@dataclass(frozen=True)
class ProductionOutcome:
    """What one configuration of the production-size network gave; see ``TrainedOutcome``."""

    configuration: report.ConfigurationSize
    results: tuple[report.UtteranceResult, ...]
    roofline: tuple[RooflinePoint, ...]
    sensitivity: tuple[SensitivityPoint, ...]
    traced: report.TracedUtterance | None = None


def on_device_production(setup: Setup, configuration: Configuration, choose: Choose | None = None) -> ProductionOutcome:
    """Time one configuration of the production-size network, on the device as it is and with constants scaled.

    The whole record of the utterance that ``choose`` picks is kept.
    """
    experiment = setup.experiment
    trained = compressed(setup, configuration)
    large = draw(trained, experiment.production, tile_layout(setup.device.chip), experiment.seed)
    utterances = spread(setup.utterances, experiment.production.utterances)
    works = replayed(setup, large)
    shown = choose(utterances, works) if choose else None
    schedules, timelines = _play(setup, setup.device, large, works, shown.index if shown else None)
    results = tuple(
        result_of(configuration.name, utterance, recognition, timeline, timing_only=True)
        for utterance, recognition, timeline in zip(utterances, works, timelines)
    )
    choice, sensitivity = experiment.sensitivity, ()
    if choice:
        few, as_given = works[: choice.utterances], timelines[: choice.utterances]
        play = partial(_timelines, setup, large, few)
        sensitivity = sensitivity_points(setup.device, choice, configuration.name, as_given, play)
    traced = None
    if shown:
        chosen = utterances[shown.index], works[shown.index], timelines[shown.index]
        traced = traced_utterance(setup, large.name, *chosen, shown.why, timing_only=True)
    return ProductionOutcome(
        configuration=describe(large, timing_only=True),
        results=results,
        roofline=roofline_points(setup.device, large.name, schedules, timing_only=True),
        sensitivity=sensitivity,
        traced=traced,
    )


def replayed(setup: Setup, large: CompressedNetwork) -> list[Recognition]:
    """The words that drive the production-size network, as jobs of ``large``."""
    programs, steps = large.network.programs(), setup.experiment.frames_per_step
    return [
        replace(recognition, work=gather(work, steps, large.network.steps_per_output))
        for recognition in _recognitions(setup)
        for work in [replay(recognition.work, recognition.transcript.label_steps, programs)]
    ]


def _recognitions(setup: Setup) -> list[Recognition]:
    """What drives the production-size network: the first configuration's words, recognised once per process."""
    if not _driving or _driving[0][0] is not setup:
        reference = compressed(setup, setup.experiment.configuration[0])
        utterances = spread(setup.utterances, setup.experiment.production.utterances)
        _driving[:] = [(setup, recognise(reference, setup, utterances))]
    return _driving[0][1]


def _play(
    setup: Setup,
    device: Device,
    large: CompressedNetwork,
    recognitions: Sequence[Recognition],
    traced: int | None = None,
) -> tuple[Schedules, list[Timeline]]:
    """Schedules on this device, and one timeline per utterance, that of index ``traced`` with its whole record."""
    deployed = deploy(setup, device, large, pipeline_of(setup, large))
    return deployed.schedules, [
        deployed.play(
            recognition.work,
            music=setup.music,
            downstream=setup.experiment.downstream,
            seed=setup.experiment.seed + index,
            trace=index == traced,
            window_ps=setup.trace.detail_ps,
        )
        for index, recognition in enumerate(recognitions)
    ]


def _timelines(
    setup: Setup, large: CompressedNetwork, recognitions: Sequence[Recognition], device: Device
) -> list[Timeline]:
    """As `_play`, on another device, without the schedules."""
    return _play(setup, device, large, recognitions)[1]
