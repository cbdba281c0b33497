"""# Where a streaming encoder spends its time: LSTM, Emformer, Conformer

    python -m experiments.architectures --out reports/architectures

Three encoders of about 36 to 39 million drawn weights (`experiments/architectures/graphs.py`), zvsv at 5 bits with half
of the weights zero, on `az1` and `az2`, alone on the chip with the memory to itself. A chunk joins steps of 30 ms: its
first step waits for its last, and all weights of a chunk's dense layers are fetched and decoded once. An LSTM's
recurrent weights are needed whole again for every step. Attention sees its chunk and 32 steps before it (0.96 s); keys
and values of these stay on the chip. Everything is for one second of sound.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from azsim.chip.build import tile_layout
from azsim.compress import compress
from azsim.deploy.inference import Inference
from azsim.devices import load_device
from azsim.nn.graph.graph import Graph
from azsim.nn.graph.network import GraphNetwork
from azsim.report.figures.style import part_colours, report_style, write_figure
from azsim.report.page import write_page
from experiments.architectures.graphs import STEP_MS, conformer, emformer, lstm

DEVICES = ("az1", "az2")
CHUNKS = (1, 4)
LEFT = 32


@dataclass(frozen=True)
class EncoderCost:
    """One architecture at one chunk on one device; counts are for a second of sound.

    Attributes:
        name, device: of it.
        chunk, chunk_ms: steps joined, and how long the first of them waits for the last.
        weights: of the network.
        weight_mb, state_kb: fetched from DRAM in a second; keys, values and what convolutions keep on the chip.
        weight_mproducts, attention_mproducts: millions of products, zeros counted.
        chip_share: busy time of the chip; above 1 it does not keep up.
        mostly: the cause of most cycles.
        shares: cause -> share of the cycles.
        energy_mj: above idling.
        time_ms: from a chunk's last step to its outputs, with the CPU's part.
        on_chip_share: of products and vector operations; the rest are functions that the vector unit lacks.
    """

    name: str
    device: str
    chunk: int
    chunk_ms: int
    weights: int
    weight_mb: float
    state_kb: float
    weight_mproducts: float
    attention_mproducts: float
    chip_share: float
    mostly: str
    shares: dict[str, float]
    energy_mj: float
    time_ms: float
    on_chip_share: float


def measured(graph: Graph, device_name: str, chunk: int) -> EncoderCost:
    """One encoder on one device."""
    device, every_ms = load_device(device_name), STEP_MS * chunk
    network = GraphNetwork(graph, "drawn", 1000 / every_ms)
    small = compress(network, codec="zvsv", weight_bits=5, sparsity=0.5, layout=tile_layout(device.chip))
    run = Inference(device, small, every_ms)
    cost, per_s = run.cost, 1000 / every_ms
    attention = sum(layer.products * layer.runs for layer in run.layers if not layer.matrices)
    cycles_per_s = device.chip.clock_mhz * 1e6
    states = sum(sum(program.states.values()) for program in network.programs().values())
    causes = dict(cost.causes)
    return EncoderCost(
        name=graph.name,
        device=device_name,
        chunk=chunk,
        chunk_ms=every_ms - STEP_MS,
        weights=network.weights,
        weight_mb=cost.fetch_bytes * per_s / 1e6,
        state_kb=states / 1e3,
        weight_mproducts=(run.products - attention) * per_s / 1e6,
        attention_mproducts=attention * per_s / 1e6,
        chip_share=cost.cycles * per_s / cycles_per_s,
        mostly=max(causes, key=causes.get),
        shares={cause: cycles / cost.cycles for cause, cycles in causes.items()},
        energy_mj=run.energy_mj * per_s,
        time_ms=run.time_ms,
        on_chip_share=run.on_chip_share,
    )


def graphs(chunk: int) -> tuple[Graph, ...]:
    """The three encoders."""
    return lstm(chunk), emformer(chunk, LEFT), conformer(chunk, LEFT)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all, write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("reports/architectures"))
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for chunk in CHUNKS:
        for graph in graphs(chunk):
            for device in DEVICES:
                rows.append(measured(graph, device, chunk))
                print(rows[-1], flush=True)
    write_csv(rows, options.out / "architectures.csv")
    with report_style():
        write_figure(figure(rows), "architectures", options.out)
    write_page(options.out, page(rows))


def write_csv(rows: Sequence[EncoderCost], path: Path) -> None:
    """All rows; a column for each cause."""
    plain = [each.name for each in fields(EncoderCost) if each.name != "shares"]
    causes = list(rows[0].shares)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*plain, *(f"{cause}_share" for cause in causes)])
        for row in rows:
            tree = asdict(row)
            writer.writerow([*(tree[name] for name in plain), *(row.shares[cause] for cause in causes)])


def figure(rows: Sequence[EncoderCost]) -> Figure:
    """Busy time of the chip by cause, a panel for each device."""
    causes = [cause for cause in rows[0].shares if any(row.shares[cause] > 0.004 for row in rows)]
    colours = part_colours(causes)
    drawn = Figure(figsize=(9.0, 3.6), layout="constrained")
    for axes, device in zip(drawn.subplots(1, len(DEVICES), sharey=True), DEVICES):
        own = [row for row in rows if row.device == device]
        names = [f"{row.name}, chunk {row.chunk}" for row in own]
        left = np.zeros(len(own))
        for cause in causes:
            widths = np.array([100 * row.chip_share * row.shares[cause] for row in own])
            axes.barh(names, widths, left=left, color=colours[cause], label=cause)
            left += widths
        axes.set_title(device)
        axes.set_xlabel("busy time of the chip, % of real time")
        axes.invert_yaxis()
    drawn.axes[0].invert_yaxis()
    handles = drawn.axes[0].get_legend_handles_labels()
    drawn.legend(*handles, ncols=len(causes), loc="outside lower center", frameon=False)
    return drawn


def page(rows: Sequence[EncoderCost]) -> str:
    """The report's page."""
    heads = (
        "encoder", "device", "mostly", "chunk", "waits ms", "weights M", "fetched MB/s", "on-chip state kB",
        "weight products M/s", "attention products M/s", "chip busy %", "energy mJ/s", "a chunk takes ms",
        "on the chip %",
    )  # fmt: skip
    lines = [heads, ("---", "---", "---", *["---:"] * (len(heads) - 3))]
    lines += [
        (
            row.name,
            row.device,
            row.mostly,
            str(row.chunk),
            str(row.chunk_ms),
            f"{row.weights / 1e6:.1f}",
            f"{row.weight_mb:,.1f}",
            f"{row.state_kb:,.0f}",
            f"{row.weight_mproducts:,.0f}",
            f"{row.attention_mproducts:,.0f}",
            f"{100 * row.chip_share:.1f}",
            f"{row.energy_mj:.2f}",
            f"{row.time_ms:.2f}",
            f"{100 * row.on_chip_share:.2f}",
        )
        for row in rows
    ]
    table = "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
    parts = [(__doc__ or "").strip(), shown(rows), table, "![busy time by cause](architectures.svg)"]
    return "\n\n".join(parts) + "\n"


def shown(rows: Sequence[EncoderCost]) -> str:
    """What longer chunks do to the traffic of each, on the first device."""
    own = [row for row in rows if row.device == DEVICES[0]]
    short, long = min(row.chunk for row in own), max(row.chunk for row in own)
    falls = {
        name: next(r.weight_mb for r in own if (r.name, r.chunk) == (name, short))
        / next(r.weight_mb for r in own if (r.name, r.chunk) == (name, long))
        for name in dict.fromkeys(row.name for row in own)
    }
    listed = ", ".join(f"the {name} 1/{fall:.1f}" for name, fall in falls.items())
    products = max(row.attention_mproducts / row.weight_mproducts for row in own)
    return (
        f"**What it shows.** With chunks of {long} steps instead of {short}, on `{DEVICES[0]}`, each keeps of its "
        f"weight traffic: {listed}. Products between activations are at most {100 * products:.1f} % of all others."
    )


if __name__ == "__main__":
    main()
