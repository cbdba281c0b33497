"""One network measured: held against ONNX Runtime, compressed, run from its bits, costed on devices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from msgspec import structs

from azsim.chip.build import tile_layout
from azsim.chip.codec_sizes import CodecSize, codec_sizes
from azsim.compare.metrics import metric_named
from azsim.compress import compress
from azsim.deploy.inference import Inference
from azsim.devices import load_device
from azsim.errors import InputError
from azsim.nn.graph.calibrate import calibrated
from azsim.nn.graph.run import joined, run_float
from azsim.nn.onnx.check import check
from azsim.nn.onnx.importer import Imported, import_model
from azsim.report.inference_results import InferenceResult, inference_result
from experiments.third_party.feeds import recordings
from experiments.third_party.packages import PackagedNetwork

DEVICES = ("az1", "az2", "ethos-u65-like")
CONFIGURATIONS = (
    ("8 bits", "huffman", 8, 0.0), ("6 bits", "huffman", 6, 0.0), ("5 bits, 50 % zeros", "zvsv", 5, 0.5),
)  # fmt: skip
CALIBRATION = 6
MOST_MEMORY = 16 << 20


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
    """

    case: PackagedNetwork
    weights: int
    nodes: int
    float_error: float
    as_given: float | None
    steps: int
    float_scores: dict[str, float]
    results: tuple[InferenceResult, ...]
    codecs: dict[str, tuple[CodecSize, ...]]

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
            "codecs": {key: [asdict(size) for size in sizes] for key, sizes in self.codecs.items()},
        }


def imported(case: PackagedNetwork, file: Path) -> Imported:
    """The network as a graph."""
    return import_model(
        file, name=case.name, settings=case.settings, shapes=case.shapes, states={}, every_ms=case.every_ms
    )


def measure(case: PackagedNetwork, file: Path, devices: Sequence[str] = DEVICES) -> Measured:
    """All of it; calibrated on voices that a test of the recogniser calls seen, judged on unseen ones."""
    found = imported(case, file)
    graph = found.network.graph
    tuning, _ = case.feed(recordings(False)[:CALIBRATION])
    streams, labels = case.feed(recordings(True)[: case.recordings])
    checks = check(found, streams, file, None)
    network = replace(found.network, grids=calibrated(graph, tuning, "channel").stated)
    exact = joined([run_float(graph, stream) for stream in streams])
    names = ("snr", "cosine", "accuracy") if labels is not None else ("snr", "cosine")
    metrics = {name: metric_named(name, labels) for name in names}
    results: list[InferenceResult] = []
    for name, codec, bits, zeros in CONFIGURATIONS:
        scores: dict[str, float] = {}
        for device in map(load_device, devices):
            small = compress(
                network, name=name, codec=codec, weight_bits=bits, sparsity=zeros, granularity="channel",
                layout=tile_layout(device.chip),
            )  # fmt: skip
            run = _fitting(Inference(device, small, case.every_ms))
            if not scores:
                outputs = joined([run.outputs(stream) for stream in streams])
                scores = {key: metric(outputs, exact) for key, metric in metrics.items()}
                if labels is not None:
                    scores["agreement"] = _agreement(outputs, exact)
            results.append(inference_result(run, scores))
            print(f"{case.name}: {name} on {run.device.name}: {run.time_ms:.3f} ms", flush=True)
    came = {key: network.quantised[key].values for key in network.quantised}
    floats = {key: network.parameters[key] for key in network.weight_matrices}
    chip = load_device("az1").chip
    codecs = {
        "8 bits": codec_sizes({**floats, **came}, chip, granularity="channel"),
        "5 bits, 50 % zeros": codec_sizes(floats, chip, weight_bits=5, sparsity=0.5, granularity="channel"),
    }
    return Measured(
        case=case,
        weights=network.weights,
        nodes=len(graph.nodes),
        float_error=max(row.error for row in checks),
        as_given=max((row.as_given for row in checks if row.as_given is not None), default=None),
        steps=sum(len(next(iter(stream.values()))) for stream in streams),
        float_scores={} if labels is None else {"accuracy": metrics["accuracy"](exact, exact)},
        results=tuple(results),
        codecs=codecs,
    )


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


def _agreement(found: dict[str, np.ndarray], exact: dict[str, np.ndarray]) -> float:
    """Share of steps at which the first output is on the same side of 0.5 as the float graph's, in percent."""
    name = next(iter(exact))
    return float(100 * np.mean((found[name] > 0.5) == (exact[name] > 0.5)))
