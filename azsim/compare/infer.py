"""An experiment file whose task is a network of one's own: configurations of it on devices, with a metric for words.

::

    task = "infer", model, input, metric, [[configuration]] ──> outputs of each from its bits ──> scores, costs
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta, Struct

from azsim.chip.build import tile_layout
from azsim.compare.metrics import metric_named
from azsim.compress import compress
from azsim.compress.stored import load_network
from azsim.deploy.inference import Inference
from azsim.devices import load_device
from azsim.devices.quantities import Residency
from azsim.errors import InputError, located
from azsim.matrices import read_arrays
from azsim.nn.graph.feeds import read_streams
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.operator import Granularity
from azsim.nn.graph.run import joined, run_float
from azsim.ranges import Bits, Name, Zeros
from azsim.report.inference_results import InferenceResult, inference_result
from azsim.toml import convert, read_toml


class InferConfiguration(Struct, frozen=True, forbid_unknown_fields=True):
    """How the weights are compressed."""

    name: Name
    codec: str = "raw"
    weight_bits: Bits = 8
    sparsity: Zeros = 0.0
    granularity: Granularity = "channel"
    codec_options: dict[str, Any] | None = None
    residency: dict[str, Residency] = {}


class InferExperiment(Struct, frozen=True, forbid_unknown_fields=True):
    """What is run.

    ``device`` and ``metric`` may be a single name, the latter as `metric_named` takes it; ``input`` and ``labels`` are
    files beside the experiment's.
    """

    name: Name
    task: Literal["infer"]
    model: str
    input: str
    configuration: Annotated[tuple[InferConfiguration, ...], Meta(min_length=1)]
    device: Annotated[tuple[str, ...], Meta(min_length=1)] = ("az1",)
    metric: Annotated[tuple[str, ...], Meta(min_length=1)] = ("snr",)
    labels: str | None = None
    every_ms: Annotated[float, Meta(gt=0, le=1e7)] | None = None
    seed: Annotated[int, Meta(ge=0, lt=2**31)] = 0


@dataclass(frozen=True)
class InferRun:
    """What an experiment gave.

    Attributes:
        results: one for each configuration on each device.
        outputs: of the first configuration.
    """

    results: tuple[InferenceResult, ...]
    outputs: Mapping[str, np.ndarray]


def is_infer(path: Path) -> bool:
    """Whether an experiment file's task is a network of one's own; raises `InputError` if it cannot be read."""
    return read_toml(path).get("task") == "infer"


def load_infer(path: Path) -> InferExperiment:
    """Read an experiment file whose task is ``infer``.

    Raises:
        InputError: a key is unknown, missing or wrong, or two configurations have one name.
    """
    tree = read_toml(path)
    single = {key: [tree[key]] for key in ("device", "metric") if isinstance(tree.get(key), str)}
    experiment = convert({**tree, **single}, InferExperiment, path)
    names = [each.name for each in experiment.configuration]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{path}: configuration {twice!r}: is there twice")
    return experiment


def graph_network(name_or_path: str | Path) -> GraphNetwork:
    """A network that is a graph of its own, calibrated.

    Raises:
        InputError: it is a recogniser, or has no grids.
    """
    network = load_network(name_or_path)
    if not isinstance(network, GraphNetwork):
        raise InputError(f"{network.source}: is a recogniser, which azsim run takes; no graph")
    if not network.grids:
        raise InputError(f"{network.source}: is not calibrated; import it again with --calibrate")
    return network


def infer(experiment: InferExperiment, file: Path, advance: Callable[[str], None]) -> InferRun:
    """Run every configuration on every device.

    Args:
        experiment: what to run.
        file: that it was read from; its paths are beside it.
        advance: called with the name of each part that is done.

    Raises:
        InputError: a file is missing or does not fit the network.
    """
    here = file.parent
    network = graph_network(_beside(here, experiment.model))
    streams = read_streams(_beside(here, experiment.input), network.graph)
    with located(str(file)):
        labels = None if experiment.labels is None else labels_of(_beside(here, experiment.labels))
        measures = {name: metric_named(name, labels) for name in experiment.metric}
    every_ms = experiment.every_ms or 1000.0 / network.steps_per_s
    exact = joined([run_float(network.graph, stream) for stream in streams])
    results: list[InferenceResult] = []
    outputs: dict[str, dict[str, np.ndarray]] = {}
    for choice in experiment.configuration:
        for name in experiment.device:
            device = load_device(name)
            with located(f"{file}: configuration {choice.name!r}"):
                small = compress(
                    network,
                    name=choice.name,
                    codec=choice.codec,
                    weight_bits=choice.weight_bits,
                    sparsity=choice.sparsity,
                    granularity=choice.granularity,
                    options=choice.codec_options,
                    layout=tile_layout(device.chip),
                )
                found = Inference(device, small, every_ms, choice.residency, experiment.seed)
                if choice.name not in outputs:
                    outputs[choice.name] = joined([found.outputs(stream) for stream in streams])
                scores = {key: measure(outputs[choice.name], exact) for key, measure in measures.items()}
                results.append(inference_result(found, scores))
            advance(f"{choice.name} on {device.name}")
    return InferRun(tuple(results), outputs[experiment.configuration[0].name])


def _beside(folder: Path, name: str) -> Path | str:
    """A file beside the experiment's; a name where there is none."""
    path = Path(name)
    return folder / path if not path.is_absolute() and (folder / path).exists() else name if _bare(name) else path


def _bare(name: str) -> bool:
    return "/" not in name and "." not in name


def labels_of(path: Path | str) -> np.ndarray:
    """A file of labels, int64 ``(n,)``.

    Raises:
        InputError: it holds something else.
    """
    arrays: Sequence[np.ndarray] = list(read_arrays(Path(path)).values())
    if len(arrays) != 1 or arrays[0].ndim != 1 or arrays[0].dtype.kind not in "iub":
        raise InputError(f"{path}: must hold one array (n,) of whole numbers")
    return arrays[0].astype(np.int64)
