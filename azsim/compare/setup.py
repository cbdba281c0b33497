"""What every part of a comparison shares: the experiment made concrete, small enough to hand to a worker process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from azsim.chip.build import tile_layout
from azsim.compare.experiment import Configuration, Experiment
from azsim.compare.speech_set import Utterance
from azsim.compress import compress
from azsim.compress.network import CompressedNetwork
from azsim.compress.recipe import MatrixRecipe
from azsim.compress.stored import load_network
from azsim.devices import Device
from azsim.errors import InputError, located
from azsim.nn.network import Network
from azsim.report.trace.options import TraceOptions
from azsim.soc.music import MusicTrack


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


@lru_cache(maxsize=8)
def network(name: str) -> Network:
    """The network of that name or path, read once per process."""
    return load_network(name)


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
            overrides=overrides_of(configuration),
            layout=tile_layout(setup.device.chip),
        )
    check_capacity(setup.device, setup.device_file, configuration.name, small.model_bytes)
    return small


def overrides_of(configuration: Configuration) -> dict[str, MatrixRecipe]:
    """What the configuration chooses for single matrices: name or pattern -> recipe."""
    return {
        pattern: MatrixRecipe(weight_bits=choice.weight_bits, sparsity=choice.sparsity, codec=choice.codec)
        for pattern, choice in configuration.matrices.items()
    }


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
