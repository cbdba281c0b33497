"""``azsim matvec``: matrices or masks from files, each on one device; cycles, their causes, bytes and energy."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from azsim.commands.shared.options import path
from azsim.errors import InputError, nearest, readable
from azsim.interrupts import interrupts_end_all

if TYPE_CHECKING:
    import numpy as np

    from azsim.deploy.matvec import MatvecCost

HELP = "one matrix or mask on one device: cycles and their causes"
_COUNTS = ("effectual_products", "positions", "stream_bytes", "dram_bytes")
_NAME_CELLS = 30


def declare(command: argparse.ArgumentParser) -> None:
    """Files, device, how the weights travel."""
    kinds = ".npy, .npz, .safetensors, or text with a row of 0 and 1 per line"
    command.add_argument("--weights", type=path, required=True, metavar="FILE", help=f"(rows, columns): {kinds}")
    command.add_argument(
        "--activations", type=path, required=True, metavar="FILE", help="(columns,) or (frames, columns), likewise"
    )
    command.add_argument("--device", default="az1", help="a device's name or a .toml (default: az1)")
    command.add_argument("--layer", metavar="NAME", help="only this array of a file with several (default: all)")
    command.add_argument("--codec", default="raw", help="how the weights travel (default: raw)")
    command.add_argument(
        "--weight-bits", type=int, default=8, help="bits per weight or palette index, 1 to 8 (default: 8)"
    )
    command.add_argument(
        "--residency",
        choices=("streamed", "compressed", "decoded"),
        help="where the weights are at the start (default: streamed, or decoded if the device keeps all weights)",
    )


def perform(options: argparse.Namespace) -> dict[str, object]:
    """Run every layer, print the table unless ``--json``, and return what ``--json`` prints."""
    with interrupts_end_all():
        from azsim.deploy.matvec import matvec
        from azsim.devices import load_device
    device = load_device(options.device)
    layers = []
    for name, weights, activations in _layers(options):
        cost = matvec(
            device,
            weights,
            activations,
            codec=options.codec,
            weight_bits=options.weight_bits,
            residency=options.residency,
        )
        layers.append(_row(name, weights, activations, cost))
    answer = {"device": device.name, "codec": options.codec, **_total(layers), "layers": layers}
    if not options.json:
        _print(answer, layers)
    return answer


def _layers(options: argparse.Namespace) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Name, weights, activations; shapes fit."""
    from azsim.matrices import pair_layers, read_matrices

    weights, activations = read_matrices(options.weights), read_matrices(options.activations)
    if options.layer is not None:
        if options.layer not in weights:
            known = [name for name in weights if name] or ["none with a name"]
            raise InputError(
                f"{options.weights}: --layer {options.layer!r}: not there; there are {', '.join(known)}"
                f"{nearest(options.layer, known)}"
            )
        weights = {options.layer: weights[options.layer]}
    pairs = pair_layers(weights, activations, str(options.activations))
    for name, matrix, vectors in pairs:
        _check_shapes(name, matrix, options.weights, vectors, options.activations)
    return pairs


def _check_shapes(name: str, weights: np.ndarray, origin: Path, activations: np.ndarray, other: Path) -> None:
    named = f" {name}" if name else ""
    if weights.ndim != 2:
        raise InputError(f"{origin}:{named} shape {weights.shape}: weights must be (rows, columns)")
    columns = weights.shape[1]
    if activations.shape[-1] != columns:
        raise InputError(
            f"{other}:{named} shape {activations.shape}: must be ({columns},) or (frames, {columns}), "
            f"since the weights of {origin} are {weights.shape}"
        )


def _row(name: str, weights: np.ndarray, activations: np.ndarray, cost: MatvecCost) -> dict[str, object]:
    """One layer; numbers carry their unit, ``causes`` and ``roof_cycles`` are cycles."""
    return {
        "layer": name,
        "rows": weights.shape[0],
        "columns": weights.shape[1],
        "frames": 1 if activations.ndim == 1 else activations.shape[0],
        "weight_density": int((weights != 0).sum()) / weights.size,
        "activation_density": int((activations != 0).sum()) / activations.size,
        "cycles": cost.cycles,
        "effectual_products": cost.effectual_products,
        "causes": dict(cost.causes),
        "roof_cycles": dict(cost.roof_cycles),
        "positions": cost.positions,
        "stream_bytes": cost.stream_bytes,
        "dram_bytes": cost.dram_bytes,
        "bits_per_weight": cost.bits_per_weight,
        "cpu_elements": cost.cpu_elements,
        "passes": cost.passes,
        "sram_banks": {
            "activations": cost.pool.activations,
            "weights": cost.pool.weights,
            "outputs": cost.pool.outputs,
            "free": cost.pool.free,
        },
        "elapsed_us": cost.elapsed_ps / 1e6,
        "energy_pj": dict(cost.energy_pj),
    }


def _total(layers: list[dict[str, object]]) -> dict[str, object]:
    """All layers one after another."""
    summed: dict[str, object] = {
        key: sum(layer[key] for layer in layers)
        for key in ("cycles", "effectual_products", "positions", "stream_bytes", "dram_bytes", "elapsed_us")
    }
    for key in ("causes", "roof_cycles", "energy_pj"):
        parts: Counter[str] = Counter()
        for layer in layers:
            parts.update(layer[key])
        summed[key] = dict(parts)
    return summed


def _print(answer: dict[str, object], layers: list[dict[str, object]]) -> None:
    """A table with a column per layer (and the sum, if there are several)."""
    from azsim.report.fitted import FittedColumn, output_console, print_fitted, shortened

    shown = [*layers, {"layer": "all", **answer}] if len(layers) > 1 else layers
    lines: list[tuple[str, list[object]]] = [
        ("shape x frames", [f"{x['rows']} x {x['columns']} x {x['frames']}" if "rows" in x else "" for x in shown]),
        ("cycles", [x["cycles"] for x in shown]),
        *((f"  {cause}", [x["causes"][cause] for x in shown]) for cause in layers[0]["causes"]),
        *((f"roof: {stage}", [x["roof_cycles"][stage] for x in shown]) for stage in layers[0]["roof_cycles"]),
        *((key.replace("_", " "), [x[key] for x in shown]) for key in _COUNTS),
        ("elapsed us", [f"{x['elapsed_us']:.3f}" for x in shown]),
        ("energy nJ", [f"{sum(x['energy_pj'].values()) / 1e3:.3f}" for x in shown]),
        *((f"  {part}", [f"{x['energy_pj'][part] / 1e3:.3f}" for x in shown]) for part in layers[0]["energy_pj"]),
    ]
    names = FittedColumn("", "", tuple(label for label, _ in lines))
    columns = [
        FittedColumn(
            shortened(readable(str(layer["layer"])), _NAME_CELLS),
            "",
            tuple(f"{value:,}" if isinstance(value := values[index], int) else str(value) for _, values in lines),
        )
        for index, layer in enumerate(shown)
    ]
    title = f"{answer['device']}, codec {answer['codec']}"
    print_fitted(output_console(), title, [names, *columns], continues=True)
