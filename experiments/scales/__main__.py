"""# One scale for a matrix, for a gate, for a row

    AZSIM_PACKAGES=... python -m experiments.scales --out reports/scales

What the choice decides: zeros, bits, and how near the weights are to what they were. Two networks that came in float: a
voice-activity network with weights inside a package (`experiments/third_party/packages.py`), and the recogniser's
student. Uniform steps at 8 bits, a palette below, nothing pruned, Huffman codes. A gate has a scale in LSTMs alone,
elsewhere it counts as a matrix; most zeros are those of the matrix that has most of them. Bytes hold the factors of
rows, 5 for each of several scales; cycles are of one step on `az1`, alone on the chip, weights streamed. SNR of the
outputs is that of the integers against the float graph on recordings; what int8 activations lose is in it.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from azsim.chip.build import tile_layout
from azsim.compress import compress
from azsim.compress.network import CompressedNetwork
from azsim.compress.stored import load_network
from azsim.deploy.deployment import Deployment
from azsim.devices import load_device
from azsim.nn.compressible import Compressible
from azsim.nn.graph.calibrate import calibrated
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.run import joined, run_float, run_integers, snr_db
from azsim.report.page import write_page
from experiments.third_party.feeds import recordings, vad_chunks
from experiments.third_party.measure import imported
from experiments.third_party.packages import CASES, packages_folder

GRANULARITIES = ("tensor", "gate", "channel")
BITS = (8, 6, 5, 4)
CODEC, DEVICE, STUDENT = "huffman", "az1", "rnnt-student"


@dataclass(frozen=True)
class Scaled:
    """A network at so many bits with one kind of scales; zeros and SNR in percent and decibels."""

    network: str
    granularity: str
    weight_bits: int
    scales: int
    model_bytes: int
    bits_per_weight: float
    zeros_percent: float
    most_zeros_percent: float
    most_zeros_in: str
    least_bits_of_a_gate: float
    weights_snr_db: float
    outputs_snr_db: float | None
    cycles: float


def measured(network: Compressible, bits: int, granularity: str) -> tuple[Scaled, CompressedNetwork]:
    """One choice of one network."""
    device = load_device(DEVICE)
    small = compress(network, codec=CODEC, weight_bits=bits, granularity=granularity, layout=tile_layout(device.chip))
    zeros = {name: 100 * (1 - np.count_nonzero(values) / values.size) for name, values in small.decoded.items()}
    most = max(zeros, key=zeros.get)
    noise = signal = 0.0
    for name, values in small.decoded.items():
        exact = network.parameters[name].astype(np.float64)
        noise += float(np.sum((values * small.matrices[name].row_scales[:, None] - exact) ** 2))
        signal += float(np.sum(exact**2))
    streamed = dict.fromkeys(set(small.matrices) - set(network.looked_up), "streamed")
    found = Scaled(
        network=network.name,
        granularity=granularity,
        weight_bits=bits,
        scales=sum(len(matrix.scales) for matrix in small.matrices.values()),
        model_bytes=small.model_bytes,
        bits_per_weight=small.bits_per_weight,
        zeros_percent=100 * small.sparsity,
        most_zeros_percent=zeros[most],
        most_zeros_in=most,
        least_bits_of_a_gate=_least_bits(small),
        weights_snr_db=10 * np.log10(signal / noise),
        outputs_snr_db=None,
        cycles=Deployment(device, small, streamed).step().cycles,
    )
    return found, small


def _least_bits(small: CompressedNetwork) -> float:
    """Of the gates of all LSTMs: the fewest bits, with the sign, that the largest value of a gate takes."""
    least = 8.0
    for name, values in small.decoded.items():
        if name.endswith((".input", ".recurrent")) and len(values) % 4 == 0:
            largest = np.abs(values.astype(np.int16)).reshape(4, -1).max(axis=1)
            least = min(least, float(1 + np.log2(np.maximum(largest, 1) + 1).min()))
    return least


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all, write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=Path, default=packages_folder(), help="the folder of wheels")
    parser.add_argument("--out", type=Path, default=Path("reports/scales"))
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    rows = [*_voice_activity(options.packages)]
    student = load_network(STUDENT)
    rows += [measured(student, bits, each)[0] for bits in BITS for each in GRANULARITIES]
    with open(options.out / "scales.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(asdict(rows[0])), lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    write_page(options.out, page(rows))


def _voice_activity(packages: Path) -> list[Scaled]:
    with tempfile.TemporaryDirectory() as folder:
        network: GraphNetwork = imported(CASES[0], CASES[0].extracted(packages, Path(folder))).network
    tuning, _ = vad_chunks(recordings(False)[:4])
    streams, _ = vad_chunks(recordings(True)[:4])
    network = replace(network, grids=calibrated(network.graph, tuning).stated)
    exact = joined([run_float(network.graph, stream) for stream in streams])
    rows = []
    for bits in BITS:
        for granularity in GRANULARITIES:
            found, small = measured(network, bits, granularity)
            integers = network.integers(small.integer_weights)
            outputs = joined([run_integers(integers, stream) for stream in streams])
            (name,) = exact
            rows.append(replace(found, outputs_snr_db=snr_db(exact[name], outputs[name])))
    return rows


def page(rows: Sequence[Scaled]) -> str:
    """The report's page."""
    heads = (
        "network", "scales for each", "weight bits", "scales", "bytes", "bits/weight", "zeros %", "most zeros %",
        "fewest bits of a gate", "weights' SNR dB", "outputs' SNR dB", "cycles a step",
    )  # fmt: skip
    lines = [heads, ("---", "---", *["---:"] * (len(heads) - 2))]
    lines += [
        (
            row.network,
            row.granularity,
            str(row.weight_bits),
            f"{row.scales:,}",
            f"{row.model_bytes:,}",
            f"{row.bits_per_weight:.2f}",
            f"{row.zeros_percent:.1f}",
            f"{row.most_zeros_percent:.1f}",
            f"{row.least_bits_of_a_gate:.1f}",
            f"{row.weights_snr_db:.1f}",
            "–" if row.outputs_snr_db is None else f"{row.outputs_snr_db:.1f}",
            f"{row.cycles:,.0f}",
        )
        for row in rows
    ]
    table = "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
    return f"{(__doc__ or '').strip()}\n\n{table}\n"


if __name__ == "__main__":
    main()
