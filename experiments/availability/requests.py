"""Asks every request of every path on every link, and keeps what became of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta, Struct, field

from azsim.cloud.recogniser import closed_by, recognise_in_cloud
from azsim.cloud.request import Answer, AskedPath, ask
from azsim.compare.experiment import SEEDS, Configuration, Experiment, beside
from azsim.compare.pool import Pool
from azsim.compare.setup import build_setup, compressed, network, open_device
from azsim.compare.speech_set import Utterance, load_speech
from azsim.compare.stages import pipeline_of
from azsim.compare.trained import deploy, listened
from azsim.devices import load_device
from azsim.devices.loader import find_device
from azsim.devices.spec import Device
from azsim.errors import InputError, PrivacyError, nearest
from azsim.soc.job_graph import Schedules
from azsim.soc.link import LinkTrace, read_link
from azsim.speech.conclusion import Recognition
from azsim.speech.work import Work
from azsim.toml import convert, read_toml

PATHS: tuple[AskedPath, ...] = ("device", "cloud", "hybrid")
"""Those that are compared; a lattice is no other way to hear a request, but a second opinion on its words."""
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Names = Annotated[tuple[str, ...], Meta(min_length=1)]


class CloudModel(Struct, frozen=True, forbid_unknown_fields=True):
    """The network that the server runs in float32."""

    model: str


class AvailabilityExperiment(Struct, frozen=True, forbid_unknown_fields=True):
    """The experiment as its TOML file states it."""

    devices: Names
    speech: str
    utterances: Count
    within_s: Annotated[tuple[Annotated[float, Meta(gt=0)], ...], Meta(min_length=1)]
    requests_per_hour: tuple[Annotated[int, Meta(ge=0, le=1_000_000)], ...]
    links: Names
    cloud: CloudModel
    configuration: Configuration
    own_links: dict[str, tuple[str, ...]] = field(default_factory=dict)
    seed: Annotated[int, Meta(ge=0, lt=SEEDS)] = 1


@dataclass(frozen=True, slots=True)
class Link:
    """A trace, its name and the share of its time with a link."""

    name: str
    trace: LinkTrace
    up_share: float


@dataclass(frozen=True, slots=True)
class Asked:
    """One request and its answer; ``text`` is empty without one."""

    reference: str
    text: str
    early_cut: bool
    answer: Answer


@dataclass(frozen=True)
class PathOutcome:
    """All requests of one device over one link on one path.

    ``refused``: what the path said instead, if the local-processing setting forbids it.
    """

    device: Device
    link: Link
    path: AskedPath
    asked: tuple[Asked, ...]
    refused: str = ""


@dataclass(frozen=True)
class Station:
    """A device with the test speech as it hears it, recognised both ways once; the cloud's as each path closes it."""

    device: Device
    utterances: tuple[Utterance, ...]
    own: tuple[tuple[Work, Schedules], ...]
    own_texts: tuple[str, ...]
    cloud: Mapping[AskedPath, tuple[Recognition, ...]]


@dataclass(frozen=True)
class WorkerPlan:
    """What every worker process holds: the experiment, its file, the traces of each device, recorded noise if any."""

    choice: AvailabilityExperiment
    path: Path
    links: Mapping[str, tuple[Link, ...]]
    noise: np.ndarray | None = None


def load_choice(path: Path) -> AvailabilityExperiment:
    """The experiment file.

    Raises:
        InputError: a key, type or value is wrong.
    """
    return convert(read_toml(path), AvailabilityExperiment, path)


def links_of(choice: AvailabilityExperiment, path: Path, device: str) -> tuple[Link, ...]:
    """The traces that the experiment names for a device.

    Raises:
        InputError: a file is none.
    """
    names = (*choice.links, *choice.own_links.get(device, ()))
    traces = [read_link(beside(path, name)) for name in names]
    return tuple(
        Link(Path(name).stem, trace, trace.up_share(trace.length_ps) if trace.length_ps else 1.0)
        for name, trace in zip(names, traces, strict=True)
    )


def station(plan: WorkerPlan, name: str) -> Station:
    """Hear and recognise the test speech on the device ``name``.

    Raises:
        InputError: the speech or a network is wrong.
    """
    choice, path = plan.choice, plan.path
    opened, configuration = open_device(_device_file(path, name)), choice.configuration
    device = opened[0]
    model = configuration.model or choice.cloud.model
    setup = build_setup(
        Experiment("availability", device.name, model, choice.speech, (configuration,), seed=choice.seed),
        opened,
        lambda heard: load_speech(beside(path, choice.speech), choice.utterances, heard=heard),
        source=str(path),
        named=lambda key: f"{path}: {key}",
        noise=plan.noise,
    )
    utterances = setup.utterances
    small = compressed(setup, configuration)
    pipeline = pipeline_of(setup, small)
    deployed = deploy(setup, device, small, pipeline)
    own = listened(pipeline, utterances)
    server = network(choice.cloud.model)
    cloud = recognise_in_cloud(
        server,
        [utterance.features for utterance in utterances],
        [utterance.name for utterance in utterances],
        [utterance.bounds for utterance in utterances],
        [utterance.audio_ms for utterance in utterances],
        setup.experiment.ends.silence_ms,
        setup.experiment.ends.shipped(),
    )
    return Station(
        device=device,
        utterances=utterances,
        own=tuple(deployed.ready(recognition.work) for recognition in own),
        own_texts=tuple(recognition.transcript.text for recognition in own),
        cloud={
            "device": tuple(cloud),
            "cloud": tuple(cloud),
            "hybrid": tuple(closed_by(theirs, ours.work, server.pieces) for theirs, ours in zip(cloud, own)),
        },
    )


def ask_all(place: Station, link: Link, path: AskedPath, seed: int) -> PathOutcome:
    """Every utterance once, spread evenly over the link's time, at a random moment of its share of it.

    The device alone does not use the link, as no music plays; its answers are the same on all of them.
    """
    moments = np.random.default_rng(seed).random(len(place.utterances))
    asked = []
    for index, utterance in enumerate(place.utterances):
        start_ps = int((index + moments[index]) / len(moments) * link.trace.length_ps)
        own, cloud = place.own[index], place.cloud[path][index]
        try:
            answer = ask(place.device, path, own, cloud.work, link=link.trace.from_time(start_ps), seed=seed + index)
        except PrivacyError as error:
            return PathOutcome(place.device, link, path, (), str(error))
        work = cloud.work if answer.by == "cloud" else own[0]
        texts = {"device": place.own_texts[index], "cloud": cloud.transcript.text, "nobody": ""}
        asked.append(Asked(utterance.reference, texts[answer.by], work.premature, answer))
    return PathOutcome(place.device, link, path, tuple(asked))


def make_plan(choice: AvailabilityExperiment, path: Path, noise: np.ndarray | None = None) -> WorkerPlan:
    """Read what the experiment names; whatever is wrong with it is said here.

    Raises:
        InputError: a device or a trace is wrong, or ``own_links`` names a device that is not there.
    """
    for name in choice.own_links:
        if name not in choice.devices:
            raise InputError(f"{path}: own_links.{name}: not in devices{nearest(name, choice.devices)}")
    for name in choice.devices:
        load_device(_device_file(path, name))
    return WorkerPlan(choice, path, {name: links_of(choice, path, name) for name in choice.devices}, noise)


def ask_everything(plan: WorkerPlan, name: str) -> list[PathOutcome]:
    """All links and paths of one device; then each path with the local-processing setting on, on the first link."""
    links, seed = plan.links[name], plan.choice.seed
    place = station(plan, name)
    alone = ask_all(place, links[0], "device", seed)
    outcomes = []
    for link in links:
        outcomes.append(replace(alone, link=link))
        outcomes += [ask_all(place, link, path, seed) for path in PATHS if path != "device"]
    private = replace(place, device=msgspec.structs.replace(place.device, local_processing=True))
    return outcomes + [ask_all(private, links[0], path, seed) for path in PATHS]


def run(plan: WorkerPlan, workers: int) -> list[PathOutcome]:
    """Every device, in the order of the experiment.

    Raises:
        InputError: something that the experiment names is wrong.
        WorkError: a worker process cannot be started, or died.
    """
    names = plan.choice.devices
    found: dict[int, list[PathOutcome]] = {}
    with Pool(ask_everything, plan, min(workers, len(names))) as pool:
        found.update(pool.answers(names))
    return [outcome for index in range(len(names)) for outcome in found[index]]


def _device_file(path: Path, name: str) -> Path:
    return find_device(beside(path, name) if name.endswith(".toml") else name)
