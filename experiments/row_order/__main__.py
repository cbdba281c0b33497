"""What dealing rows to the lanes by their non-zeros wins over taking them as they come.

    python -m experiments.row_order [--out reports/row_order]

Lane cycles of each matrix of the shipped recognisers (pruned and quantised as they run, weights resident, so that
nothing hides the lanes), of matrices with non-zeros at random places, and of one with uneven rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

import azsim
from azsim.chip.build import tile_layout
from azsim.devices.spec import Device
from azsim.report.page import write_page
from experiments.options import options_of

COMMAND = "python -m experiments.row_order --out reports/row_order"
MODELS = (("rnnt-5bit-50", 0.5), ("rnnt-4bit-75", 0.75))
DEVICES = ("az1", "az2")
HEAD = ("matrices", "device", "positions", "plain, cycles", "of it imbalance", "balanced, cycles", "of it imbalance")


def matrices(device: Device) -> Iterator[tuple[str, list[np.ndarray]]]:
    """Label and int8 matrices of each set."""
    for name, sparsity in MODELS:
        small = azsim.compress(
            azsim.load_network(name), weight_bits=5, sparsity=sparsity, codec="zvsv", layout=tile_layout(device.chip)
        )
        yield name, [small.decoded[matrix] for matrix in small.matrices]
    rng = np.random.default_rng(1)
    yield "random, half zero", [(rng.random((1024, 512)) < 0.5).astype(np.int8)]
    yield "rows 10 to 90 % dense", [(rng.random((1024, 512)) < rng.uniform(0.1, 0.9, (1024, 1))).astype(np.int8)]


def measure(device: Device, weights: list[np.ndarray], row_order: str) -> dict[str, int]:
    """Cycles of all matrices one after another, one frame, and the part that is imbalance."""
    lanes = msgspec.structs.replace(device.chip.lanes, row_order=row_order)
    chip = msgspec.structs.replace(device.chip, lanes=lanes)
    costs = [azsim.matvec(chip, matrix, np.ones(matrix.shape[1], np.int8), residency="decoded") for matrix in weights]
    return {
        "cycles": sum(cost.cycles for cost in costs),
        "imbalance_cycles": sum(cost.causes["imbalance"] for cost in costs),
    }


def main() -> None:
    """Measure, print, write."""
    options = options_of(__package__, __doc__)
    options.add_argument("--out", type=Path, default=Path("runs") / "row_order")
    out = options.parse_args().out
    rows = []
    for device in map(azsim.load_device, DEVICES):
        for label, weights in matrices(device):
            plain, balanced = (measure(device, weights, order) for order in ("plain", "balanced"))
            positions = sum(matrix.size for matrix in weights)
            rows.append({"matrices": label, "device": device.name, "positions": positions})
            rows[-1] |= {"plain": plain, "balanced": balanced, "gain": plain["cycles"] / balanced["cycles"]}
            print(label, device.name, f"{rows[-1]['gain']:.3f}", flush=True)
    out.mkdir(parents=True, exist_ok=True)
    (out / "row_order.json").write_text(json.dumps({"command": COMMAND, "rows": rows}, indent=1) + "\n")
    lines = ["# Row order", "", f"Made by `{COMMAND}`.", "", f"| {' | '.join(HEAD)} | faster by |", "|---" * 8 + "|"]
    for row in rows:
        plain, balanced = row["plain"], row["balanced"]
        cells = [row["matrices"], row["device"], f"{row['positions']:,}"]
        cells += [f"{part[key]:,}" for part in (plain, balanced) for key in ("cycles", "imbalance_cycles")]
        lines.append(f"| {' | '.join(cells)} | {row['gain']:.3f} |")
    lines += ["", "The permutation costs two bytes per row on the way in (write addresses) and no cycle.", ""]
    write_page(out, "\n".join(lines))


if __name__ == "__main__":
    main()
