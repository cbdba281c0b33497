"""The whole comparison, as a list: speech, then every configuration trained and production-size, then the cloud.

::

    experiment ─┬─> on the device, trained network   ─┐
                ├─> on the device, production size   ─┼─> rows, figures' data ──> Comparison
                └─> in the cloud                     ─┘
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from azsim.chip.kept import check_pins
from azsim.cloud.streaming import refuse_if_local
from azsim.compare import notes
from azsim.compare.effort import check_memory
from azsim.compare.experiment import Configuration, Experiment, beside, check_bits, music_of, speech_of
from azsim.compare.in_cloud import in_the_cloud, sender_of
from azsim.compare.pool import Pool
from azsim.compare.production import ProductionOutcome, on_device_production, shapes
from azsim.compare.sensitivity import variants
from azsim.compare.setup import Setup, build_setup, check_capacity, network, overrides_of
from azsim.compare.shown import typical
from azsim.compare.speech_set import Microphone, Utterance, load_speech
from azsim.compare.trained import TrainedOutcome, on_device
from azsim.compress.recipe import MatrixRecipe, matrix_recipes
from azsim.devices import Device
from azsim.devices.loader import find_device, load_device
from azsim.errors import located
from azsim.nn.rnnt.network import EMBEDDING
from azsim.report.manifest import make_manifest
from azsim.report.metrics import make_rows
from azsim.report.results import Comparison, ConfigurationResult, UtteranceResult
from azsim.report.roofline import roofline
from azsim.speech.gather import check_together

SHOWN_CODEC = "zvsv"
"""Whose timeline is drawn: the first configuration of this codec, the first of all without one."""


@dataclass(frozen=True)
class ComparisonTask:
    """One independent part of a comparison."""

    kind: str  # "trained", "production" or "cloud"
    configuration: Configuration | None = None
    traced: bool = False

    @property
    def label(self) -> str:
        """What the progress bar says."""
        what = {"trained": "", "production": " (production size)", "cloud": "cloud"}[self.kind]
        return f"{self.configuration.name if self.configuration else ''}{what}".strip()


def perform(setup: Setup, task: ComparisonTask) -> TrainedOutcome | ProductionOutcome:
    """Run one task, in whatever process."""
    if task.kind == "cloud":
        return in_the_cloud(setup)
    if task.kind == "production":
        return on_device_production(setup, task.configuration, typical if task.traced else None)
    return on_device(setup, task.configuration, typical if task.traced else None)


def default_workers() -> int:
    """One process per core this process may use, at most 8."""
    return max(1, min(8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1))


def make_setup(
    experiment: Experiment,
    path: Path,
    speech: Path | None = None,
    limit: int | None = None,
    max_minutes: float = 10.0,
    advance: Callable[[str], None] = lambda label: None,
    device: str | None = None,
    gain: float = 1.0,
) -> Setup:
    """Read everything the experiment names; whatever is wrong is said here, before any work.

    Args:
        device: a name or path in place of the experiment's device.
        gain: factor of every sample of the recordings.

    Raises:
        InputError: a device, model, recording, manifest or constant is wrong, or an echo is asked for without music.
    """
    if device is not None:
        experiment = msgspec.structs.replace(experiment, device=device)
    with located(f"{path}: device = {experiment.device!r}" if device is None else "--device"):
        is_beside = device is None and experiment.device.endswith(".toml")
        device_file = find_device(beside(path, experiment.device) if is_beside else experiment.device)
    spec = load_device(device_file)
    if experiment.cloud:
        with located(f"{path}: cloud.name = {experiment.cloud.name!r}"):
            refuse_if_local(spec)
        with located(f"{path}: cloud.model = {experiment.cloud.model!r}"):
            network(experiment.cloud.model)
    sender = sender_of(spec.network, str(device_file), experiment.seed) if experiment.cloud else None
    if experiment.sensitivity:
        with located(f"{path}: sensitivity.constants"):
            variants(spec, experiment.sensitivity)
    weights = 0
    if experiment.production:
        weights = sum(rows * columns for rows, columns in shapes(experiment.production).values())
        check_capacity(spec, str(device_file), "production size", weights // 8)
        check_memory(spec, str(device_file), weights, "a production-size network", f"{path}: production")
    for stage in experiment.stage:
        if stage.on:
            check_memory(spec, str(device_file), stage.weights, "a network", f"{path}: stage {stage.title!r}")
    with located(f"{path}: model = {experiment.model!r}"):
        network(experiment.model)
    for configuration in experiment.configuration:
        with located(f"{path}: configuration {configuration.name!r}"):
            _check_network(experiment.model_of(configuration), configuration)
            check_together(experiment.frames_per_step, network(experiment.model_of(configuration)).steps_per_output)
            _check_pins(spec, experiment, configuration)

    with located(f"{path}: music = {experiment.music!r}"):
        music = music_of(experiment, path)

    def read_speech(heard: Microphone | None) -> list[Utterance]:
        with located(f"{path}: speech = {experiment.speech!r}") if speech is None else nullcontext():
            read = speech or speech_of(experiment, path)
            return load_speech(read, limit, max_minutes, lambda: advance("reading speech"), heard, gain, sender)

    return build_setup(
        experiment,
        (spec, str(device_file)),
        read_speech,
        source=str(path),
        named=lambda key: f"{path}: echo" if key == "echo" else f"{path}: {key} = {getattr(experiment, key)!r}",
        music=music,
        weights=weights,
    )


def _check_network(name: str, configuration: Configuration) -> None:
    """Refuse a configuration's network that there is not, or whose matrices its choices do not match."""
    with located(f"model = {name!r}"):
        found = network(name)
    with located("matrices"):
        matrix_recipes(found.weight_matrices, MatrixRecipe(), overrides_of(configuration))
    for pattern, choice in configuration.matrices.items():
        if choice.weight_bits is not None:
            codec = choice.codec or configuration.codec
            check_bits(codec, choice.weight_bits, f"matrices.{pattern!r}.weight_bits =")


def _check_pins(device: Device, experiment: Experiment, configuration: Configuration) -> None:
    """Refuse a residency that fits neither network, before anything is played."""
    found = network(experiment.model_of(configuration))
    sizes = [{name: found.parameters[name].shape for name in found.weight_matrices}]
    if experiment.production:
        sizes.append(shapes(experiment.production))
    for shape_of in sizes:
        positions = {name: rows * columns for name, (rows, columns) in shape_of.items() if name != EMBEDDING}
        check_pins(device.chip, positions, configuration.residency)


def tasks_of(setup: Setup) -> list[ComparisonTask]:
    """What there is to do, longest first; the timeline shown is the first `SHOWN_CODEC` one's, as large as there is."""
    experiment = setup.experiment
    shown = next((one for one in experiment.configuration if one.codec == SHOWN_CODEC), experiment.configuration[0])
    kinds = ("production", "trained") if experiment.production else ("trained",)
    tasks = [
        ComparisonTask(kind, configuration, traced=kind == kinds[0] and configuration is shown)
        for kind in kinds
        for configuration in experiment.configuration
    ]
    return tasks + ([ComparisonTask("cloud")] if experiment.cloud else [])


def compare(
    setup: Setup,
    workers: int = 1,
    advance: Callable[[str], None] = lambda label: None,
    command: Sequence[str] = ("azsim", "compare"),
) -> Comparison:
    """Run the comparison; ``advance`` is called with a label after each part.

    Raises:
        WorkError: a worker process cannot be started, or died.
    """
    tasks = tasks_of(setup)
    outcomes: list[TrainedOutcome | ProductionOutcome | None] = [None] * len(tasks)
    with Pool(perform, setup, min(workers, len(tasks))) as pool:
        for index, outcome in pool.answers(tasks):
            outcomes[index] = outcome
            advance(tasks[index].label)
    trained = [without_words(outcome) for outcome in outcomes if isinstance(outcome, TrainedOutcome)]
    production = [outcome for outcome in outcomes if isinstance(outcome, ProductionOutcome)]
    return assemble(setup, trained, production, command)


def without_words(outcome: TrainedOutcome) -> TrainedOutcome:
    """The same outcome less the words' times and lattices, which a comparison of many utterances does not list."""
    return replace(outcome, results=tuple(replace(result, words=(), lattice=None) for result in outcome.results))


def assemble(
    setup: Setup, trained: list[TrainedOutcome], production: list[ProductionOutcome], command: Sequence[str]
) -> Comparison:
    """Rows, figures' data and notes from what the tasks gave."""
    experiment = setup.experiment
    post_training = {
        outcome.configuration.name: outcome.post_training_wer_percent
        for outcome in trained
        if outcome.post_training_wer_percent is not None
    }
    results = tuple(result for outcome in [*trained, *production] for result in outcome.results)
    return Comparison(
        name=experiment.name,
        summary=notes.summary(setup),
        device=setup.device.name,
        rows=_rows(setup, trained, results, post_training),
        production_rows=_rows(setup, production, results, None),
        utterances=results,
        traced=next((outcome.traced for outcome in [*production, *trained] if outcome.traced), None),
        roofline=roofline(setup.device, [point for part in [*trained, *production] for point in part.roofline]),
        sensitivity=tuple(point for outcome in production for point in outcome.sensitivity),
        settings=notes.settings(setup),
        notes=notes.how_far_to_trust(setup),
        manifest=manifest_of(setup, command),
        stages=tuple(cost for outcome in trained for cost in outcome.stages),
    )


def _rows(
    setup: Setup,
    outcomes: Sequence[TrainedOutcome | ProductionOutcome],
    results: Sequence[UtteranceResult],
    post_training: Mapping[str, float] | None,
) -> tuple[ConfigurationResult, ...]:
    """A row per outcome, with the device that it is of."""
    configurations = [outcome.configuration for outcome in outcomes]
    rows = make_rows(configurations, results, post_training, setup.experiment.seed)
    return tuple(replace(row, device=setup.device.name) for row in rows)


def manifest_of(setup: Setup, command: Sequence[str]) -> dict[str, object]:
    """What the comparison was made from: resolved experiment and device, seeds, digests of models, music and speech."""
    experiment = setup.experiment
    inputs = {f"model {Path(name).name}": digest for name, digest in setup.digests.items()}
    if setup.music:
        inputs[f"music {setup.music.name}"] = setup.music.digest
    speech = hashlib.sha256()
    for utterance in setup.utterances:
        speech.update(utterance.name.encode() + (utterance.reference or "").encode() + utterance.features.tobytes())
    inputs["speech features"] = speech.hexdigest()
    return make_manifest(
        command=command,
        configuration={"experiment": _as_tables(experiment), "device": msgspec.to_builtins(setup.device)},
        seeds={"experiment": experiment.seed},
        inputs=inputs,
    )


def _as_tables(experiment: Experiment) -> dict[str, object]:
    """The experiment as its file has it."""
    stages = [{"kind": stage.kind, **msgspec.to_builtins(stage)} for stage in experiment.stage]
    return {**msgspec.to_builtins(msgspec.structs.replace(experiment, stage=())), "stage": stages}
