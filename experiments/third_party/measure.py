"""One network measured: held against ONNX Runtime, compressed, run from its bits, costed on devices."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from msgspec import structs

from azsim.chip.build import tile_layout
from azsim.chip.codec_sizes import codec_sizes
from azsim.compare.metrics import metric_named
from azsim.compress import compress
from azsim.deploy.inference import Inference
from azsim.devices import load_device
from azsim.errors import InputError
from azsim.nn.graph.calibrate import calibrated
from azsim.nn.graph.graph import Graph, operands
from azsim.nn.graph.lower import wide_tensors
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.run import joined, run_float
from azsim.nn.graph.sensitivity import calibrated_nearest
from azsim.nn.onnx.check import check
from azsim.nn.onnx.importer import Imported, import_model
from azsim.report.inference_results import InferenceResult, inference_result
from experiments.third_party.feeds import Stream
from experiments.third_party.packages import PackagedNetwork

DEVICES = ("az1", "az2", "ethos-u65-like")
CONFIGURATIONS = (
    ("8 bits, int8", "huffman", 8, 0.0, False),
    ("8 bits", "huffman", 8, 0.0, True),
    ("5 bits, 50 % zeros", "zvsv", 5, 0.5, True),
)
"""Name, codec, bits, zeros, and whether operands that int8 costs too much are int16."""
ENOUGH_DB = 40.0
"""Of the outputs, where one operand alone is int8."""
MOST_MEMORY = 16 << 20
MOST_WEIGHTS = 2_000_000
"""That every codec takes; of larger networks their largest matrix stands for all."""
Outputs = dict[str, np.ndarray]


@dataclass(frozen=True)
class Measured:
    """What a network came to.

    Attributes:
        case: the network.
        weights, nodes: of the graph.
        float_error, as_given: max |y - r| / max |r| over all outputs against ONNX Runtime: the float twin, the model
            as it came (None where it came in float).
        steps: inferences that were compared.
        float_scores, results: metric -> value of the float graph; each configuration on each device.
        codecs: bits per weight by every codec, at 8 bits and at 5 bits with half of them zero.
        wide: operands of products that are int16, and how many there are.
    """

    case: PackagedNetwork
    weights: int
    nodes: int
    float_error: float
    as_given: float | None
    steps: int
    float_scores: dict[str, float]
    results: tuple[InferenceResult, ...]
    codecs: dict[str, list[dict]]
    wide: tuple[int, int]

    def to_json(self) -> dict[str, object]:
        """For the report's data."""
        return {
            "name": self.case.name,
            "wheel": self.case.wheel,
            "member": self.case.member,
            "licence": self.case.licence,
            "weights": self.weights,
            "nodes": self.nodes,
            "float_error": self.float_error,
            "as_given": self.as_given,
            "steps": self.steps,
            "float_scores": self.float_scores,
            "results": [result.to_json() for result in self.results],
            "wide": list(self.wide),
            "codecs": self.codecs,
        }


def imported(case: PackagedNetwork, file: Path) -> Imported:
    """The network as a graph."""
    return import_model(
        file, name=case.name, settings=case.settings, shapes=case.shapes, states={}, every_ms=case.every_ms
    )


def measure(case: PackagedNetwork, file: Path, codecs: dict[str, list[dict]] | None) -> Measured:
    """All of it; grids are chosen on recordings that it is not judged on.

    Args:
        case: the network.
        file: that holds it.
        codecs: what every codec made of the same weights before, None to measure it.
    """
    found = imported(case, file)
    network, graph, hints = found.network, found.network.graph, found.network.hints
    tuning, _ = _named(case.feed(case.source(False)[: case.tuned]), graph)
    streams, labels = _named(case.feed(case.source(True)[: case.recordings]), graph)
    checks = check(found, streams, file, None)
    if case.searched:
        narrow = calibrated_nearest(graph, tuning, hints=hints)
        wide = calibrated_nearest(graph, tuning, ENOUGH_DB, hints=hints)
    else:
        narrow = wide = calibrated(graph, tuning, hints=hints)
    finer = wide_tensors(graph, wide.stated) & set(wide.stated)
    runs = [run_float(graph, stream) for stream in streams]
    results: list[InferenceResult] = []
    for name, codec, bits, zeros, may_be_wide in CONFIGURATIONS:
        if not may_be_wide and not finer:
            continue
        on_grids = replace(network, grids=(wide if may_be_wide else narrow).stated)
        scores: dict[str, float] = {}
        for device in map(load_device, DEVICES):
            small = compress(
                on_grids, name=name, codec=codec, weight_bits=bits, sparsity=zeros, granularity="channel",
                layout=tile_layout(device.chip),
            )  # fmt: skip
            run = _fitting(Inference(device, small, case.every_ms))
            if not scores:
                scores = _scores([run.outputs(stream) for stream in streams], runs, labels)
            results.append(inference_result(run, scores))
            print(f"{case.name}: {name} on {run.device.name}: {run.time_ms:.3f} ms", flush=True)
    return Measured(
        case=case,
        weights=network.weights,
        nodes=len(graph.nodes),
        float_error=max(row.error for row in checks),
        as_given=max((row.as_given for row in checks if row.as_given is not None), default=None),
        steps=sum(len(next(iter(stream.values()))) for stream in streams),
        float_scores={} if labels is None else {"accuracy": _right(runs, labels)},
        results=tuple(results),
        codecs=_codecs(network) if codecs is None else codecs,
        wide=(len(finer), sum("product" in operands(graph, name) for name in wide.stated if name in graph.tensors)),
    )


def _codecs(network: GraphNetwork) -> dict[str, list[dict]]:
    """Bits per weight by every codec."""
    came = {key: network.quantised[key].values for key in network.quantised}
    floats = {key: network.parameters[key] for key in network.weight_matrices}
    if network.weights > MOST_WEIGHTS:
        largest = max(floats, key=lambda key: floats[key].size)
        floats, came = {largest: floats[largest]}, {key: came[key] for key in came if key == largest}
    chip = load_device("az1").chip
    sizes = {
        "8 bits": codec_sizes({**floats, **came}, chip, granularity="channel"),
        "5 bits, 50 % zeros": codec_sizes(floats, chip, weight_bits=5, sparsity=0.5, granularity="channel"),
    }
    return {key: [asdict(size) for size in each] for key, each in sizes.items()}


def _fitting(run: Inference) -> Inference:
    """The same on a chip whose on-chip memory holds its activations, named so, where the device's does not."""
    memory = run.device.chip.sram.bytes
    while True:
        try:
            run.deployed.plan  # noqa: B018 (what does not fit is refused here)
        except InputError:
            memory *= 2
            if memory > MOST_MEMORY:
                raise
            sram = structs.replace(run.device.chip.sram, bytes=memory)
            chip = structs.replace(run.device.chip, sram=sram)
            name = f"{run.device.name.split(',')[0]}, {memory >> 20} MiB"
            run = replace(run, device=structs.replace(run.device, name=name, chip=chip))
            continue
        return run


def _named(fed: tuple[list[Stream], np.ndarray | None], graph: Graph) -> tuple[list[Stream], np.ndarray | None]:
    """Streams whose only input has the graph's name for it."""
    streams, labels = fed
    return [dict(zip(graph.inputs, stream.values(), strict=True)) for stream in streams], labels


def _scores(made: list[Outputs], exact: list[Outputs], labels: np.ndarray | None) -> dict[str, float]:
    """SNR and cosine over all; where there are labels, the share that is right, and that is as the float graph says."""
    found, wanted = joined(made), joined(exact)
    scores = {name: metric_named(name, None)(found, wanted) for name in ("snr", "cosine")}
    if labels is not None:
        scores["accuracy"] = _right(made, labels)
        scores["agreement"] = 100.0 * float(np.mean(_decided(found) == _decided(wanted)))
    return scores


def _right(made: list[Outputs], labels: np.ndarray) -> float:
    """Percent of labels, of steps or of whole streams (any step of them), that decisions agree with."""
    steps = [_decided(each) for each in made]
    of_streams = len(labels) == len(made) and any(len(each) > 1 for each in steps)
    found = np.array([each.max() for each in steps]) if of_streams else np.concatenate(steps)
    return 100.0 * float(np.mean(found == labels))


def _decided(outputs: Outputs) -> np.ndarray:
    """Of each step: whether the first output is above one half, or which of several values is largest."""
    values = next(iter(outputs.values()))
    flat = values.reshape(len(values), -1)
    return np.argmax(flat, axis=1) if flat.shape[1] > 1 else (flat[:, 0] > 0.5).astype(np.int64)
