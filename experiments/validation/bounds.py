"""No run beats its roofs, on any shipped device."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

import azsim
import azsim.devices
from azsim.devices.spec import Device
from experiments.validation.section import Section

SHAPES = ((1, 1), (33, 17), (256, 320), (400, 200))
DENSITIES = (0.0, 0.1, 0.5, 1.0)
FRAMES = (1, 4)


def section() -> Section:
    """Each device over shapes, densities, frames and places of the weights."""
    rows = []
    for path in sorted(Path(azsim.devices.__file__).parent.glob("*.toml")):
        device = azsim.load_device(path.stem)
        slack, runs, gain = np.inf, 0, 0.0
        for seed, (shape, density, frames) in enumerate((s, d, f) for s in SHAPES for d in DENSITIES for f in FRAMES):
            rng = np.random.default_rng(seed)
            weights = _drawn(rng, shape, density)
            activations = _drawn(rng, (frames, shape[1]), 0.7)
            for residency in ("streamed", "decoded"):
                cost = azsim.matvec(device, weights, activations, codec="zvsv", weight_bits=4, residency=residency)
                roof = max(cost.roof_cycles.values())
                slack = min(slack, cost.cycles / roof) if roof else slack
                runs += 1
        if device.chip.lanes is not None:
            gain = max(_gain_over_limit(device, density) for density in DENSITIES[1:])
        holds = bool(slack >= 1 and gain <= 1)
        rows.append([path.stem, runs, f"{slack:.3f}", f"{gain:.3f}" if gain else None, holds])
    return Section(
        title="Roofs",
        says="Cycles of each run over the highest of its three roofs: bytes over the port's width, decoder work over "
        "the decoder's rates, effectual products over multipliers; it must be at least 1. Gain: the largest speed-up "
        "of skipping zero weights, resident and without start-up costs, over the limit 1/density; it must be at most "
        "1. (A chip that has no lanes or never skips by weight has none.)",
        columns=["device", "runs", "least cycles / roof", "most gain / limit", "holds"],
        rows=rows,
        holds=all(row[-1] for row in rows),
    )


def _drawn(rng: np.random.Generator, shape: tuple[int, int], density: float) -> np.ndarray:
    return (rng.choice([-7, -3, -1, 1, 2, 5], shape) * (rng.random(shape) < density)).astype(np.int8)


def _gain_over_limit(device: Device, density: float) -> float:
    lanes = device.chip.lanes
    if lanes.store != "dense":
        return 0.0
    rows, columns = 2 * lanes.lanes, 8 * lanes.block_columns
    weights = _drawn(np.random.default_rng(7), (rows, columns), density)
    times = {}
    for skip in ("none", "weights"):
        free = msgspec.structs.replace(lanes, skip=skip, broadcast_cycles=0, min_block_cycles=0)
        chip = msgspec.structs.replace(device.chip, lanes=free)
        times[skip] = azsim.matvec(chip, weights, np.ones(columns, np.int8), residency="decoded").cycles
    return times["none"] / times["weights"] / (weights.size / np.count_nonzero(weights))
