"""Devices drawn around az1, each simulated and estimated; configurations per second."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec
import numpy as np

import azsim
from azsim.chip.build import build_invocations, tile_layout
from azsim.chip.pipeline import run_pipeline
from azsim.chip.residency import plan_residency
from azsim.chip.schedule import TileSchedule
from azsim.chip.statistics import Statistics
from azsim.compare.production import draw
from azsim.compare.setup import Setup, compressed
from azsim.compare.trained import recognise
from azsim.compress.network import CompressedNetwork
from azsim.devices.quantities import Residency
from azsim.devices.spec import Device
from azsim.spawned import spread

SEED = 7
MODELS = {"rnnt-5bit-50": 5, "rnnt-4bit-75": 4, "rnnt-student": 5}
"""Trained model -> bits; the dense one is pruned to half without training."""
KNOBS: dict[str, Sequence[object]] = {
    "lanes": (16, 32, 64),
    "multipliers": (1, 2, 4),
    "window_factor": (1, 2, 3, 4, 8),
    "queue": (1, 2, 4, 8),
    "broadcast": (1, 2),
    "skip": ("weights", "weights", "both", "activations", "none"),
    "drop_columns": (False, False, True),
    "decoder_positions": (4, 8, 16),
    "port_bytes": (4, 8, 16, 32),
    "stays": ("planned", "streamed", "compressed", "decoded"),
    "steps": (1, 2, 4, 8),
}
GRID: dict[str, Sequence[object]] = {
    **{name: values[:1] for name, values in KNOBS.items()},
    "lanes": (32,),
    "multipliers": (1, 2),
    "window_factor": (1, 2, 3, 4, 8),
    "queue": (1, 2),
    "skip": ("weights",),
    "decoder_positions": (4, 8, 16),
    "port_bytes": (4, 8, 16, 32),
    "stays": ("planned", "streamed"),
    "steps": (1, 2, 4, 8),
}
SLOW_GRID = {**GRID, "queue": (1, 2, 3, 4), "broadcast": (0, 1, 2, 3, 4), "decoder_positions": (8,)} | {
    "port_bytes": (8,), "stays": ("planned",), "steps": (1,)
}  # fmt: skip
"""As many lane rules as configurations: nothing that the lanes' part could remember."""


@dataclass(frozen=True, slots=True)
class AnalyticPoint:
    """One device and model: cycles of the simulation (mean over the runs of the speech) and of the estimate."""

    model: str
    lanes: int
    multipliers: int
    window: int
    queue: int
    broadcast: int
    skip: str
    drop_columns: bool
    decoder_positions: int
    port_bytes: int
    stays: str
    steps: int
    utterance_cycles: float
    utterance_estimate: float
    step_cycles: float
    step_estimate: float
    lane_cycles: float
    lane_estimate: float

    @property
    def error(self) -> float:
        """Of the cycles of all runs of the speech."""
        return self.utterance_estimate / self.utterance_cycles - 1

    @property
    def step_error(self) -> float:
        """Of the encoder's cycles, which words wait for."""
        return self.step_estimate / self.step_cycles - 1

    @property
    def lane_error(self) -> float:
        """Of the lanes' time alone, hidden or not."""
        return self.lane_estimate / self.lane_cycles - 1


def changed(base: Device, choice: Mapping[str, object]) -> Device:
    """The device with the knobs of a choice; its on-chip memory's port is as wide as they need."""
    chip = base.chip
    lanes = msgspec.structs.replace(
        chip.lanes,
        lanes=choice["lanes"],
        multipliers_per_lane=choice["multipliers"],
        window_positions=choice["multipliers"] * choice["window_factor"],
        queue_blocks=choice["queue"],
        broadcast_cycles=choice["broadcast"],
        skip=choice["skip"],
        skip_zero_columns=choice["drop_columns"],
    )
    rate = choice["decoder_positions"]
    decoder = msgspec.structs.replace(chip.decoder, positions_per_cycle=rate, values_per_cycle=max(1, rate // 2))
    needed = lanes.lanes * lanes.window_positions + decoder.streams * rate
    sram = msgspec.structs.replace(
        chip.sram,
        port_bytes_per_cycle=max(needed, chip.sram.port_bytes_per_cycle),
        residency="auto" if choice["stays"] == "planned" else "streamed",
    )
    port = msgspec.structs.replace(chip.port, bytes_per_cycle=choice["port_bytes"])
    chip = msgspec.structs.replace(chip, lanes=lanes, decoder=decoder, sram=sram, port=port)
    return msgspec.structs.replace(base, chip=chip)


def modes_of(device: Device, small: CompressedNetwork, choice: Mapping[str, object]) -> Mapping[str, Residency]:
    """Where the matrices stay: as planned, or all in one way, however large the memory would have to be."""
    if choice["stays"] == "planned":
        return plan_residency(device.chip, small, steps=choice["steps"]).modes
    return dict.fromkeys(small.matrices, choice["stays"])


def compare(
    device: Device,
    known: Statistics,
    inputs: Mapping[str, np.ndarray],
    choice: Mapping[str, object],
    model: str,
) -> AnalyticPoint:
    """Simulate and estimate one device."""
    small, steps = known.network, choice["steps"]
    modes = modes_of(device, small, choice)
    found = azsim.estimate(device, known, modes, steps)
    cycles = np.zeros((3, 2))  # utterance, encoder, lanes: simulated, estimated
    for name, program in small.network.programs().items():
        runs = -(-len(inputs[program.matrices[0]]) // program.frames(steps))
        built = build_invocations(device.chip, program, small, modes, inputs, steps)
        simulated = np.mean([_cycles(schedule, device) for schedule in built], axis=0)
        estimated = found.programs[name].cycles, found.programs[name].lane_cycles
        cycles[0] += runs * simulated[0], runs * estimated[0]
        cycles[2] += runs * simulated[1], runs * estimated[1]
        if name.startswith("encoder."):
            cycles[1] += runs * simulated[0], runs * estimated[0]
    own = (choice[name] for name in KNOBS if name not in ("lanes", "multipliers", "window_factor"))
    lanes = device.chip.lanes
    return AnalyticPoint(
        model, lanes.lanes, lanes.multipliers_per_lane, lanes.window_positions, *own, *cycles.ravel().tolist()
    )


def _cycles(schedule: TileSchedule, device: Device) -> tuple[int, int]:
    return run_pipeline(schedule, device.chip).total_cycles, int(schedule.lane_cycles.sum())


def random_choices(count: int) -> list[dict[str, object]]:
    """Random knobs, every value of each as often as the others."""
    rng = np.random.default_rng(SEED)
    columns = {name: rng.permutation([values[i % len(values)] for i in range(count)]) for name, values in KNOBS.items()}
    return [{name: column[index].item() for name, column in columns.items()} for index in range(count)]


def measure(setup: Setup, count: int) -> list[AnalyticPoint]:
    """All points: as many devices for each model."""
    points = []
    for model, bits in MODELS.items():
        network = azsim.load_network(model)
        sparsity = 0.5 if model == "rnnt-student" else 0.0
        inputs: dict[str, np.ndarray] = {}
        measured: dict[int, Statistics] = {}
        for choice in random_choices(count):
            device = changed(setup.device, choice)
            lanes = device.chip.lanes.lanes
            if lanes not in measured:
                small = azsim.compress(
                    network, weight_bits=bits, sparsity=sparsity, codec="zvsv", layout=tile_layout(device.chip)
                )
                inputs = inputs or _inputs(small, setup)
                measured[lanes] = azsim.measure(small, inputs)
            points.append(compare(device, measured[lanes], inputs, choice, model))
    return points


def _inputs(small: CompressedNetwork, setup: Setup) -> dict[str, np.ndarray]:
    """Activations of all recordings, one after another."""
    recorded = [recognition.work.inputs for recognition in recognise(small, setup, record_inputs=True)]
    return {name: np.concatenate([inputs[name] for inputs in recorded]) for name in recorded[0]}


def grid(knobs: Mapping[str, Sequence[object]]) -> Iterator[dict[str, object]]:
    """All combinations."""
    for values in itertools.product(*knobs.values()):
        yield dict(zip(knobs, values, strict=True))


def estimate_all(known: Statistics, device: Device, choices: Sequence[Mapping[str, object]]) -> tuple[int, float]:
    """Estimate every choice in a new process; returns how many, and in how many seconds once kernels are loaded."""
    azsim.estimate(device, known)
    begin = time.perf_counter()
    for choice in choices:
        azsim.estimate(changed(device, choice), known, None, choice["steps"])
    return len(choices), time.perf_counter() - begin


def configurations_per_second(
    known: Statistics, device: Device, knobs: Mapping[str, Sequence[object]]
) -> tuple[int, float]:
    """How many there are, and how many two processes estimate per second; what they remember begins with them."""
    choices = list(grid(knobs))
    parts = [choices[part::2] for part in range(2)]
    counts, seconds = zip(*spread(partial(estimate_all, known, device), parts, 2), strict=True)
    return sum(counts), sum(counts) / max(seconds)


def speeds(setup: Setup) -> dict[str, tuple[int, float]]:
    """What was estimated -> configurations, and how many per second."""
    configuration = next(c for c in setup.experiment.configuration if c.name == "5-bit zvsv 50%")
    small = compressed(setup, configuration)
    large = draw(small, setup.experiment.production, tile_layout(setup.device.chip), setup.experiment.seed)
    found = {}
    for name, network in (("trained recogniser, 2.6 M weights", small), ("production size, 58.4 M weights", large)):
        known = azsim.measure(network)
        azsim.estimate(setup.device, known)  # kernels compiled
        found[f"{name}: grid"] = configurations_per_second(known, setup.device, GRID)
        found[f"{name}: a lane rule each"] = configurations_per_second(known, setup.device, SLOW_GRID)
    return found
