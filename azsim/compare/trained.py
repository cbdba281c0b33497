"""The trained network's table: one configuration over the test speech, from bits to words to a timeline each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from azsim.cloud.lattice_uplink import LatticeUplink
from azsim.cloud.reranker import load_reranker
from azsim.cloud.service import Reranker
from azsim.cloud.traffic import lattice_traffic
from azsim.compare.experiment import Configuration
from azsim.compare.lattices import figures_of
from azsim.compare.setup import Setup, compressed
from azsim.compare.shown import Choose
from azsim.compare.speech_set import Utterance
from azsim.compare.stage_costs import stage_costs
from azsim.compare.stages import beside, pipeline_of, refuse_starvation
from azsim.compress.network import CompressedNetwork
from azsim.deploy.deployment import Deployment
from azsim.devices.spec import Device
from azsim.errors import located
from azsim.report import results as report
from azsim.report.metrics import measure
from azsim.report.roofline import RooflinePoint, roofline_points
from azsim.report.wer import count_errors, wer_percent
from azsim.soc.device import DeviceSimulation
from azsim.soc.downstream import Asking
from azsim.soc.timeline import Timeline
from azsim.speech.conclusion import Recognition
from azsim.speech.gather import gather
from azsim.speech.pipeline import Pipeline
from azsim.speech.stage import Turn
from azsim.speech.work import FRONT_END, RECOGNISER

ENVELOPE_STEP_MS = 10.0
RING_COUNTER = "music ring frames"


@dataclass(frozen=True)
class TrainedOutcome:
    """What one configuration of the trained network gave.

    Attributes:
        configuration: how the tables name it.
        results: one per utterance.
        post_training_wer_percent: the same compression of the network that was not fine-tuned for it; None where
            that is the same network.
        roofline: the layers on the chip's roofline.
        traced: one utterance with its whole record, if asked for.
        stages: what each stage costs, where the experiment names stages.
    """

    configuration: report.ConfigurationSize
    results: tuple[report.UtteranceResult, ...]
    post_training_wer_percent: float | None = None
    roofline: tuple[RooflinePoint, ...] = ()
    traced: report.TracedUtterance | None = None
    stages: tuple[report.StageCost, ...] = ()


def recognise(
    small: CompressedNetwork, setup: Setup, utterances: Sequence[Utterance] | None = None, record_inputs: bool = False
) -> list[Recognition]:
    """Words and work of every utterance of ``setup``, or of some, from the decoded bitstreams."""
    return listened(pipeline_of(setup, small), setup.utterances if utterances is None else utterances, record_inputs)


def listened(pipeline: Pipeline, utterances: Sequence[Utterance], record_inputs: bool = False) -> list[Recognition]:
    """Words and work of utterances, from all stages."""
    return [
        pipeline.recognise(one.features, Turn(one.name, record_inputs=record_inputs), one.bounds, one.audio_ms)
        for one in utterances
    ]


def on_device(setup: Setup, configuration: Configuration, choose: Choose | None = None) -> TrainedOutcome:
    """Run one configuration on the device; keep the whole record of the utterance that ``choose`` picks."""
    outcome = play(setup, compressed(setup, configuration), choose)
    return replace(outcome, post_training_wer_percent=_post_training_wer_percent(setup, configuration))


def play(setup: Setup, small: CompressedNetwork, choose: Choose | None = None) -> TrainedOutcome:
    """The test speech through one compressed network on the device, the record of one utterance kept."""
    pipeline = pipeline_of(setup, small)
    deployed = deploy(setup, setup.device, small, pipeline)
    reranker = load_reranker(recogniser=setup.experiment.model) if setup.experiment.rerank else None
    results, record, timelines = [], None, []
    recognitions = [
        replace(recognition, work=gather(recognition.work, deployed.frames_per_step, small.network.steps_per_output))
        for recognition in listened(pipeline, setup.utterances, deployed.needs_activations)
    ]
    shown = choose(setup.utterances, recognitions) if choose else None
    for index, (utterance, recognition) in enumerate(zip(setup.utterances, recognitions)):
        traced = shown is not None and shown.index == index
        timeline = deployed.play(
            recognition.work,
            music=setup.music,
            seed=setup.experiment.seed + index,
            trace=traced,
            window_ps=setup.trace.detail_ps,
            downstream=setup.experiment.downstream,
            asking=asking(setup, recognition, setup.experiment.seed + index),
        )
        results.append(result_of(small.name, utterance, recognition, timeline, reranker=reranker))
        timelines.append(timeline)
        if traced:
            record = traced_utterance(setup, small.name, utterance, recognition, timeline, shown.why)
    costs: tuple[report.StageCost, ...] = ()
    if setup.experiment.stage:
        works = [recognition.work for recognition in recognitions]
        costs = stage_costs(small.name, pipeline, deployed, works, timelines)
    return TrainedOutcome(
        configuration=describe(small),
        results=tuple(results),
        roofline=roofline_points(setup.device, small.name, deployed.schedules_of(recognitions[-1].work)),
        traced=record,
        stages=costs,
    )


def deploy(setup: Setup, device: Device, small: CompressedNetwork, pipeline: Pipeline | None = None) -> Deployment:
    """A configuration on a device: its ``residency`` says where weights stay, and the planner for the rest.

    Args:
        setup: the comparison.
        device: its own, or another.
        small: the recogniser: of ``pipeline``, or a larger one in its place.
        pipeline: whose networks share the device with it; None: it has the device to itself.

    Raises:
        InputError: ``residency`` names no matrix, it does not fit into the chip's memory, or networks that go before
            the recogniser leave it nothing of the processor.
    """
    configurations = setup.experiment.configuration
    pinned = next((found.residency for found in configurations if found.name == small.name), {})
    others = beside(pipeline) if pipeline else {}
    reserved = setup.experiment.search.state_bytes(small.network)
    together = setup.experiment.frames_per_step
    traffic = tuple(each for stage in pipeline.stages for each in stage.traffic) if pipeline else ()
    deployed = Deployment(device, small, pinned, together, beside=others, reserved_bytes=reserved, traffic=traffic)
    with located(f"{setup.source}: configuration {small.name!r}"):
        deployed.plan  # noqa: B018 — an impossible plan is refused here, where its configuration is known
        refuse_starvation(device, deployed.companions)
    return deployed


def asking(setup: Setup, recognition: Recognition, seed: int) -> Callable[[DeviceSimulation], Asking] | None:
    """What asks the cloud about an utterance's lattice, on the device that it is given; None where nobody does."""
    lattice = recognition.lattice
    if not setup.experiment.downstream.cloud or lattice is None:
        return None
    traffic = lattice_traffic(lattice, recognition.transcript.text.split())

    def on(simulation: DeviceSimulation) -> Asking:
        rng = np.random.default_rng([seed, 1])
        return lambda: LatticeUplink(simulation, traffic, rng).ask()

    return on


def describe(small: CompressedNetwork, timing_only: bool = False) -> report.ConfigurationSize:
    """How the tables name a configuration, with what its bitstreams measure."""
    return report.ConfigurationSize(
        name=small.name,
        codec=", ".join(dict.fromkeys(matrix.encoded.codec for matrix in small.matrices.values())),
        weight_bits=mean_weight_bits(small),
        sparsity=small.sparsity,
        model_bytes=small.model_bytes,
        bits_per_weight=small.bits_per_weight,
        share_of_fp32=small.model_bytes / small.network.fp32_bytes,
        timing_only=timing_only,
    )


def mean_weight_bits(small: CompressedNetwork) -> float:
    """Bits of an index or value before the codec, mean over the weights."""
    parts = [matrix.encoded for matrix in small.matrices.values()]
    return sum(part.weight_bits * part.shape[0] * part.shape[1] for part in parts) / small.network.weights


def result_of(
    config: str,
    utterance: Utterance,
    recognition: Recognition,
    timeline: Timeline,
    timing_only: bool = False,
    reranker: Reranker | None = None,
) -> report.UtteranceResult:
    """One utterance's line: words, reference, timing."""
    transcript = recognition.transcript
    return report.UtteranceResult(
        config=config,
        utterance=utterance.name,
        reference=utterance.reference,
        hypothesis=transcript.text,
        hypothesis_whole=transcript.text_whole,
        timing=measure(timeline, recognition.work, utterance.bounds.start_ms),
        words=() if timing_only else transcript.words,
        group=utterance.group,
        speaker=utterance.columns.get("speaker", ""),
        speech_end_estimated=recognition.work.speech_end_estimated,
        timing_only=timing_only,
        remarks=utterance.remarks,
        lattice=None if timing_only else recognition.lattice,
        lattice_figures=None
        if timing_only or recognition.lattice is None
        else figures_of(recognition.lattice, utterance.reference, reranker),
        told={one.kind: one.value for one in recognition.work.events if one.stage not in (FRONT_END, RECOGNISER)},
    )


def _post_training_wer_percent(setup: Setup, configuration: Configuration) -> float | None:
    """WER of the same compression on the experiment's network, if this configuration has a network of its own."""
    scored = [utterance for utterance in setup.utterances if utterance.reference is not None]
    if not scored or setup.experiment.model_of(configuration) == setup.experiment.model:
        return None
    untuned = compressed(setup, configuration, setup.experiment.model)
    texts = [recognition.transcript.text_whole for recognition in recognise(untuned, setup, scored)]
    return wer_percent(count_errors([utterance.reference for utterance in scored], texts))


def traced_utterance(
    setup: Setup,
    config: str,
    utterance: Utterance,
    recognition: Recognition,
    timeline: Timeline,
    why: str,
    timing_only: bool = False,
) -> report.TracedUtterance:
    """The whole record of one utterance; ``why`` says by which rule it was chosen."""
    audio = setup.device.audio
    return report.TracedUtterance(
        config=config,
        timeline=timeline,
        ring_counter=RING_COUNTER if RING_COUNTER in timeline.counters else None,
        ring_capacity=float(audio.period_frames * audio.periods),
        envelope=utterance.envelope,
        envelope_step_ms=ENVELOPE_STEP_MS,
        text=recognition.transcript.text,
        reference=utterance.reference or "",
        why=why,
        timing_only=timing_only,
        options=setup.trace,
    )
