"""The trained network's table: one configuration over the test speech, from bits to words to a timeline each."""

from __future__ import annotations

from dataclasses import dataclass

from azsim.chip.build import build_schedules
from azsim.chip.residency import plan_residency
from azsim.cloud.streaming import stream_audio
from azsim.compare.experiment import Configuration
from azsim.compare.setup import Setup, compressed, network
from azsim.compare.speech_set import Utterance
from azsim.compress.network import CompressedNetwork
from azsim.nn.float_rnnt import recognise_float
from azsim.report import results as report
from azsim.report.metrics import measure
from azsim.report.wer import count_errors, wer_percent
from azsim.soc import simulate
from azsim.soc.timeline import Timeline
from azsim.speech.recogniser import Recognition, recognise_many


@dataclass(frozen=True)
class TrainedOutcome:
    """What one configuration of the trained network gave.

    Attributes:
        configuration: how the tables name it.
        results: one per utterance.
        post_training_wer_percent: the same compression of the network without fine-tuning; None where that is the same.
        roofline: the layers on the chip's roofline.
        traced: one utterance with its whole record, if asked for.
    """

    configuration: report.Configuration
    results: tuple[report.UtteranceResult, ...]
    post_training_wer_percent: float | None = None
    roofline: tuple[report.RooflinePoint, ...] = ()
    traced: report.TracedUtterance | None = None


def on_device(setup: Setup, configuration: Configuration, traced: str | None = None) -> TrainedOutcome:
    """Run one configuration on the device; keep the whole record of the utterance named ``traced``."""
    small = compressed(setup, configuration)
    recognitions = recognise(small, setup.utterances)
    residency = plan_residency(setup.device.chip, small)
    schedules = build_schedules(setup.device.chip, small, residency=residency)
    timelines = [
        simulate(
            setup.device,
            recognition.work,
            schedules,
            music=setup.music,
            seed=setup.experiment.seed + index,
            trace=utterance.name == traced,
            peak_sram_bytes=residency.peak_bytes,
        )
        for index, (utterance, recognition) in enumerate(zip(setup.utterances, recognitions))
    ]
    results = [
        result_of(configuration.name, *parts) for parts in zip(setup.utterances, recognitions, timelines)
    ]
    record = None
    for utterance, recognition, timeline in zip(setup.utterances, recognitions, timelines):
        if utterance.name == traced:
            record = traced_utterance(setup, configuration.name, utterance, recognition, timeline)
    return TrainedOutcome(
        configuration=description(configuration.name, small),
        results=tuple(results),
        post_training_wer_percent=_post_training(setup, configuration),
        roofline=(),
        traced=record,
    )


def in_the_cloud(setup: Setup) -> TrainedOutcome:
    """The baseline: audio goes up, the fp32 network answers."""
    choice, reference = setup.experiment.cloud, network(setup.experiment.model)
    recognitions = recognise_float(
        reference, [utterance.features for utterance in setup.utterances],
    )
    results = []
    for index, (utterance, recognition) in enumerate(zip(setup.utterances, recognitions)):
        timeline = stream_audio(setup.device, recognition.work, music=setup.music, seed=setup.experiment.seed + index)
        results.append(result_of(choice.name, utterance, recognition, timeline))
    values = sum(value.size for value in reference.parameters.values())
    return TrainedOutcome(
        configuration=report.Configuration(
            name=choice.name, codec=None, weight_bits=32, sparsity=0.0, model_bytes=4 * values, bits_per_weight=32.0,
            share_of_fp32=1.0, note="model in the cloud, audio up",
        ),
        results=tuple(results),
    )
