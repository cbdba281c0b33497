"""A network on a device: its matrices and where they stay, its programs and how long each takes, their instructions.

A network that no device can run is shown as it is: its matrices in float.
"""

from __future__ import annotations

import numpy as np

from azsim.chip.instructions import listing
from azsim.chip.residency import ResidencyPlan
from azsim.compress.network import CompressedNetwork
from azsim.deploy.deployment import Deployment
from azsim.devices.spec import Device
from azsim.inspect.inspection import Inspection, Table, number
from azsim.nn.rnnt.network import Network


def inspect_network(device: Device, small: CompressedNetwork, steps: int = 1, program: bool = False) -> Inspection:
    """Shapes, bytes and residency of every matrix; cycles and causes of every program, alone on the chip.

    Args:
        device: to run on; the weights must be encoded for it.
        small: the compressed network.
        steps: encoder steps gathered into one run.
        program: list the instructions too.

    Raises:
        InputError: the weights are laid out for another chip.
    """
    deployed = Deployment(device, small, frames_per_step=steps)
    matrices = [_matrix(small, deployed.plan, name) for name in small.matrices]
    programs, lines = _programs(deployed)
    weights = sum(int(row["weights"]) for row in matrices)
    answer = {
        "network": small.network.name,
        "device": device.name,
        "config": small.name,
        "weights": weights,
        "model_bytes": deployed.bitstream_bytes,
        "bits_per_weight": small.bits_per_weight,
        "resident_bytes": deployed.resident_bytes,
        "peak_sram_bytes": deployed.peak_sram_bytes,
        "frames_per_step": steps,
        "matrices": matrices,
        "programs": programs,
    }
    if program:
        answer["instructions"] = {name: list(found) for name, found in lines.items()}
    listed = tuple(line for name, found in lines.items() for line in (f"{name}:", *found, "")) if program else ()
    return Inspection(answer, (_matrix_table(answer, matrices), _program_table(programs)), listed)


def inspect_float(network: Network) -> Inspection:
    """Shapes and zeros of every matrix of a network that runs in float, in the cloud alone."""
    matrices = [
        {
            "matrix": name,
            "rows": len(value),
            "columns": value.shape[1],
            "weights": value.size,
            "sparsity": _zeros(value),
        }
        for name, value in ((name, network.parameters[name]) for name in network.weight_matrices)
    ]
    answer = {
        "network": network.name,
        "weights": network.weights,
        "fp32_bytes": network.fp32_bytes,
        "matrices": matrices,
    }
    rows = [(row["matrix"], _shape(row), f"{row['weights']:,}", f"{100 * row['sparsity']:.0f} %") for row in matrices]
    title = f"{network.name} in float: {network.weights:,} weights, {network.fp32_bytes:,} B"
    why = "no device runs it: its encoder hears a whole recording before it says anything"
    return Inspection(answer, (Table(title, ("matrix", "shape", "weights", "zeros"), rows),), (why,))


def _zeros(weights: np.ndarray) -> float:
    return 1 - np.count_nonzero(weights) / weights.size


def _matrix(small: CompressedNetwork, plan: ResidencyPlan, name: str) -> dict[str, object]:
    encoded, weights = small.matrices[name].encoded, small.decoded[name]
    return {
        "matrix": name,
        "rows": encoded.shape[0],
        "columns": encoded.shape[1],
        "weights": weights.size,
        "codec": encoded.codec,
        "weight_bits": encoded.weight_bits,
        "sparsity": _zeros(weights),
        "stream_bytes": len(encoded.data),
        "bits_per_weight": encoded.bits_per_weight,
        "tiles": len(encoded.tiling),
        "residency": plan.modes.get(name, "looked up"),
    }


def _programs(deployed: Deployment) -> tuple[list[dict[str, object]], dict[str, list[str]]]:
    """Sizes and instructions of each program, and its time if that does not depend on the activations."""
    costs = {} if deployed.needs_activations else deployed.costs
    rows, lines = [], {}
    for name, code in deployed.codes.items():
        row: dict[str, object] = {
            "program": name,
            "frames": code.frames,
            "instructions": len(code.instructions),
            "program_bytes": code.size_bytes,
            "cycles": None,
            "fetch_bytes": None,
            "cpu_elements": 0,
            "causes": {},
        }
        if name in costs:
            cost = costs[name]
            row |= {
                "cycles": cost.cycles,
                "fetch_bytes": cost.fetch_bytes,
                "cpu_elements": cost.cpu_elements,
                "causes": dict(cost.causes),
            }
        rows.append(row)
        lines[name] = listing(code)
    return rows, lines


def _shape(row: dict[str, object]) -> str:
    return f"{row['rows']} x {row['columns']}"


def _matrix_table(answer: dict[str, object], matrices: list[dict[str, object]]) -> Table:
    rows = [
        (
            str(row["matrix"]),
            _shape(row),
            f"{row['weights']:,}",
            f"{row['codec']} {row['weight_bits']}",
            f"{100 * row['sparsity']:.0f} %",
            f"{row['stream_bytes']:,}",
            f"{row['bits_per_weight']:.2f}",
            str(row["tiles"]),
            str(row["residency"]),
        )
        for row in matrices
    ]
    form = "stored" if answer["config"] == answer["network"] else answer["config"]
    title = (
        f"{answer['network']} as {form} on {answer['device']}: {answer['weights']:,} weights, "
        f"{answer['model_bytes']:,} B; {answer['resident_bytes']:,} B of weights stay on the chip"
    )
    headings = ("matrix", "shape", "weights", "codec", "zeros", "bytes", "bits/weight", "tiles", "residency")
    return Table(title, headings, rows)


def _program_table(programs: list[dict[str, object]]) -> Table:
    rows = []
    for row in programs:
        causes: dict[str, int] = row["causes"]
        first = max(causes, key=causes.get) if causes else "–"
        rows.append(
            (
                str(row["program"]),
                str(row["frames"]),
                str(row["instructions"]),
                str(row["program_bytes"]),
                number(row["fetch_bytes"], 0),
                number(row["cycles"], 0),
                first,
                str(row["cpu_elements"]),
            )
        )
    headings = ("program", "frames", "instructions", "bytes", "fetched B", "cycles", "mostly", "elements on the CPU")
    return Table("programs, each alone on the chip", headings, rows)
