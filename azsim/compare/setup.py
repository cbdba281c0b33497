"""What every part of a comparison shares: the experiment made concrete, small enough to hand to a worker process.

::

    experiment file (compare) ─┐
    command line (run)         ├─> Experiment ──build_setup──> Setup: device, music, speech as it is heard, digests
    azsim.run, studies         ─┘
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import get_args

import msgspec
import numpy as np

from azsim.chip.build import tile_layout
from azsim.compare.echo import EchoInMicrophone, with_echo_canceller
from azsim.compare.effort import check_memory, check_time
from azsim.compare.experiment import Configuration, Experiment, MatrixChoice
from azsim.compare.speech_set import Microphone, Utterance
from azsim.compare.surroundings import heard_in
from azsim.compress import compress
from azsim.compress.network import CompressedNetwork
from azsim.compress.recipe import MatrixRecipe
from azsim.compress.stored import load_recogniser
from azsim.devices import Device
from azsim.devices.loader import find_device, load_device
from azsim.errors import InputError, located
from azsim.nn.graph.operator import Granularity
from azsim.nn.rnnt.network import EMBEDDING, Network
from azsim.report.trace.options import TraceOptions
from azsim.soc.music import MusicTrack, load_music


@dataclass(frozen=True)
class Setup:
    """One comparison: what to run, on what, over which speech, beside which music.

    Attributes:
        digests: network -> SHA-256 of its file, for the manifest.
        source, device_file: what messages name: who asked for the configurations, and what describes the device.
        trace: what the trace of one utterance shows.
    """

    experiment: Experiment
    device: Device
    utterances: tuple[Utterance, ...]
    music: MusicTrack | None
    digests: Mapping[str, str]
    source: str
    device_file: str
    trace: TraceOptions = field(default_factory=TraceOptions)


def open_device(device: Device | str | Path) -> tuple[Device, str]:
    """A device, and what messages about it name: its file, or its name where it was made in Python.

    Raises:
        InputError: there is no such device, or its file is wrong.
    """
    if isinstance(device, Device):
        return device, f"device {device.name}"
    path = find_device(device)
    return load_device(path), str(path)


def build_setup(
    experiment: Experiment,
    device: tuple[Device, str],
    read_speech: Callable[[Microphone | None], Iterable[Utterance]],
    *,
    source: str,
    named: Callable[[str], str],
    music: Path | None = None,
    digests: Mapping[str, str] | None = None,
    noise: np.ndarray | None = None,
    weights: int = 0,
) -> Setup:
    """Read what the experiment names; every `Setup` is made here.

    Args:
        experiment: what to run.
        device: as `open_device` gives it.
        read_speech: reads the recordings; is handed what else reaches the microphone.
        source: who asked for the configurations.
        named: key (``model``, ``music``, ``echo``) -> how messages name its value: ``exp.toml: music = 'a.ogg'``.
        music: the file that plays, None for silence.
        digests: of the networks, where they are not read by their names.
        noise: recorded, in place of the made noise of the device's surroundings.
        weights: of the largest network that is timed without being trained.

    Raises:
        InputError: a network, recording or music is wrong, an echo is asked for without music, or the work would be
            beyond the budgets of `azsim.compare.effort`.
    """
    spec, device_file = device
    trained = 0
    if digests is None:
        digests = {}
        for name in dict.fromkeys([experiment.model, *(experiment.model_of(one) for one in experiment.configuration)]):
            with located(named("model")):
                digests[name], trained = network(name).digest, max(trained, network(name).weights)
        if experiment.cloud:
            digests[experiment.cloud.model] = network(experiment.cloud.model).digest
        check_memory(spec, device_file, trained, "a network", named("model"))
    with located(named("music")):
        track = load_music(music) if music else None
    heard = heard_in(spec, experiment.seed, noise)
    if experiment.echo:
        if track is None:
            raise InputError(f"{named('echo')}: there is none without music; name a file with music = ...")
        spec = with_echo_canceller(spec, experiment.echo)
        heard = EchoInMicrophone(experiment.echo, track, music, spec.audio, experiment.seed, heard)
    utterances = tuple(read_speech(heard))
    lengths_ms = [utterance.audio_ms for utterance in utterances]
    check_time(spec, device_file, experiment, source, lengths_ms, trained, weights)
    return Setup(
        experiment=experiment,
        device=spec,
        utterances=utterances,
        music=track,
        digests=digests,
        source=source,
        device_file=device_file,
    )


@lru_cache(maxsize=8)
def network(name: str) -> Network:
    """The network of that name or path, read once per process."""
    return load_recogniser(name)


def compressed(setup: Setup, configuration: Configuration, model: str = "") -> CompressedNetwork:
    """The bitstreams of one configuration, made from its own network or from ``model``.

    Raises:
        InputError: they do not fit into the device's memory, or a setting does not fit the network.
    """
    with located(f"{setup.source}: configuration {configuration.name!r}"):
        small = compress(
            network(model or setup.experiment.model_of(configuration)),
            name=configuration.name,
            weight_bits=configuration.weight_bits,
            sparsity=configuration.sparsity,
            codec=configuration.codec,
            options=configuration.codec_options,
            granularity=configuration.granularity,
            overrides=overrides_of(configuration),
            layout=tile_layout(setup.device.chip),
        )
    check_capacity(setup.device, setup.device_file, configuration.name, small.model_bytes)
    return small


def overrides_of(configuration: Configuration) -> dict[str, MatrixRecipe]:
    """What the configuration chooses for single matrices: name or pattern -> recipe."""
    return {
        pattern: MatrixRecipe(
            choice.weight_bits, choice.sparsity, choice.codec, choice.codec_options, choice.granularity
        )
        for pattern, choice in configuration.matrices.items()
    }


def configuration_of(small: CompressedNetwork) -> Configuration:
    """The configuration that gives these bitstreams: what most of the matrices have, and the others one by one.

    Bits, zeros and codec are those that were asked for, or, of bitstreams that were read, those that they have.
    """
    recipes = {name: small.asked.get(name) or _recipe_of(small, name) for name in small.matrices}
    common = Counter(recipe for name, recipe in recipes.items() if name != EMBEDDING).most_common(1)[0][0]
    choices = {
        name: MatrixChoice(
            recipe.weight_bits, recipe.sparsity, recipe.codec, _as_table(recipe), recipe.granularity
        )
        for name, recipe in recipes.items()
        if recipe != (replace(common, sparsity=0.0) if name == EMBEDDING else common)
    }
    return Configuration(
        name=small.name,
        codec=common.codec,
        weight_bits=common.weight_bits,
        sparsity=common.sparsity,
        codec_options=_as_table(common),
        granularity=common.granularity,
        matrices=choices,
    )


def _as_table(recipe: MatrixRecipe) -> dict[str, object] | None:
    """The codec's options as an experiment file has them."""
    return None if recipe.options is None else msgspec.to_builtins(recipe.options)


def _recipe_of(small: CompressedNetwork, name: str) -> MatrixRecipe:
    """What a bitstream says of itself: its bits, the zeros that it decodes to, its codec; and its scales."""
    encoded, values, groups = small.matrices[name].encoded, small.decoded[name], len(small.matrices[name].scales)
    known = (each for each in get_args(Granularity) if groups == small.network.scale_groups(name, each))
    granularity = "tensor" if groups == 1 else next(known, "channel")
    return MatrixRecipe(encoded.weight_bits, float(np.mean(values == 0)), encoded.codec, granularity=granularity)


def check_capacity(device: Device, device_file: str, what: str, model_bytes: int) -> None:
    """Refuse weights that do not fit into the device's memory.

    Raises:
        InputError: they do not; ``what`` says whose they are.
    """
    memory = device.memory
    if model_bytes > memory.capacity_mib << 20:
        raise InputError(
            f"{device_file}: memory.capacity_mib = {memory.capacity_mib}: must be at least "
            f"{-(-model_bytes >> 20)}: the weights of {what!r} take {model_bytes} bytes"
        )
