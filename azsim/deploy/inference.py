"""Any network on a device: outputs from its bits, and what an inference costs, layer by layer and in time.

::

    bitstreams ──decode──> integer kernels ──> outputs
               ──plan, schedules──> cycles of a run, its causes ──┬─> layers: shape, bits, bytes, cycles, bound by
                                                                  └─> some inferences played on the device: time, energy
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import ceil

import numpy as np
from msgspec.structs import replace

from azsim.chip.lanes import without_activations
from azsim.chip.schedule import CpuWork, Sections
from azsim.compress.network import CompressedNetwork
from azsim.deploy.cost import ProgramCost, program_cost
from azsim.deploy.deployment import Deployment
from azsim.devices.quantities import Residency
from azsim.devices.spec import Device
from azsim.errors import InputError
from azsim.nn.graph.graph import Graph
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.run import Stream, run_integers
from azsim.nn.program import Program, ProgramStage
from azsim.soc.timeline import Timeline
from azsim.speech.work import Job, Work, chained
from azsim.summary import Summarised

PLAYED = 8
"""Inferences that are played on the device."""
PLAYED_JOBS = 2000
"""Runs of programs that are played at most."""
PS_PER_MS, PJ_PER_MJ = 1_000_000_000, 1_000_000_000


@dataclass(frozen=True, slots=True)
class LayerCost:
    """A stage of a program, alone on the chip.

    Attributes:
        layer: name of the node.
        program: that it belongs to.
        matrices: names; empty for a product of activations.
        shape: rows and columns of its products, ``4096x1216 + 4096x1024``.
        runs: in one inference.
        products: multiplications and additions of one run, zeros and all its frames counted.
        stream_bytes: of its bitstreams; ``bits_per_weight`` of them, None without.
        fetch_bytes: from DRAM in one run.
        cycles: of one run.
        bound_by: the cause of most of them.
    """

    layer: str
    program: str
    matrices: tuple[str, ...]
    shape: str
    runs: float
    products: int
    stream_bytes: int
    bits_per_weight: float | None
    fetch_bytes: int
    cycles: int
    bound_by: str


@dataclass(frozen=True, repr=False)
class Inference(Summarised):
    """A compressed graph on a device, one inference after another.

    Attributes:
        device: its description.
        small: bitstreams of a graph, laid out for the device's chip.
        every_ms: time from one inference to the next.
        residency: matrix name or pattern -> mode that is not the planner's to choose.
        seed: of the memory's other clients.
    """

    device: Device
    small: CompressedNetwork
    every_ms: float
    residency: Mapping[str, Residency] = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.small.network, GraphNetwork):
            raise InputError(f"{self.small.network.source}: is a recogniser, which azsim run takes; no graph")
        if not 0 < self.every_ms <= 1e7:
            raise InputError(f"every_ms = {self.every_ms:g}: must be above 0 and at most 10,000,000")

    def facts(self) -> Mapping[str, object]:
        """What it is shown by."""
        return {
            "network": self.small.network.name,
            "device": self.device.name,
            "config": self.small.name,
            "cycles": round(self.cost.cycles),
            "time_ms": self.time_ms,
            "energy_mj": self.energy_mj,
        }

    @property
    def graph(self) -> Graph:
        """Of the network."""
        return self.small.network.graph

    @cached_property
    def integers(self) -> IntegerGraph:
        """The graph in the integers that the bitstreams decode to.

        Raises:
            InputError: it was not calibrated, or the weights do not fit.
        """
        return self.small.network.integers(self.small.integer_weights)

    def outputs(self, stream: Stream) -> dict[str, np.ndarray]:
        """Output -> values, computed by the integer kernels with the decoded weights.

        Args:
            stream: input -> ``(n, *shape)``, values.

        Raises:
            InputError: as `integers`, or an input does not fit.
        """
        return run_integers(self.integers, stream)

    @cached_property
    def deployed(self) -> Deployment:
        """The network on the device, its programs run as often as its inputs come.

        No activation counts as zero: where a chip skips those that are, times and energies are upper bounds.
        """
        device = replace(self.device, chip=without_activations(self.device.chip))
        rates = {name: 1000.0 / self.every_ms / float(program.period_steps) for name, program in self._programs.items()}
        return Deployment(device, self.small, self.residency, rates=rates)

    @property
    def _programs(self) -> Mapping[str, Program]:
        return self.small.network.programs()

    @property
    def runs(self) -> Mapping[str, Fraction]:
        """Program -> runs in one inference; a run takes all frames of the step together (`Program.frames`)."""
        return {
            name: 1 / Fraction(program.period_steps) / program.frames(1) for name, program in self._programs.items()
        }

    @cached_property
    def cost(self) -> ProgramCost:
        """Of one inference, its programs alone on the chip one after another."""
        costs = self.deployed.costs
        return sum((costs[name].times(float(runs)) for name, runs in self.runs.items()), ProgramCost.nothing())

    @cached_property
    def products(self) -> float:
        """Multiplications and additions of one inference, in matrices and between activations, zeros counted."""
        return sum(row.products * row.runs for row in self.layers)

    @cached_property
    def on_chip_share(self) -> float:
        """Share of products and vector operations that the processor does; the rest is functions that it lacks."""
        chip, cpu = self.products, 0.0
        for name, schedule in self.deployed.schedules.items():
            runs, parts = float(self.runs[name]), schedule.parts if isinstance(schedule, Sections) else (schedule,)
            for part in parts:
                if isinstance(part, CpuWork):
                    cpu += runs * part.elements
                else:
                    chip += runs * float(part.vector_ops.sum())
        return chip / (chip + cpu) if chip + cpu else 1.0

    @cached_property
    def layers(self) -> tuple[LayerCost, ...]:
        """Every stage that multiplies."""
        return tuple(
            self._layer(program, stage)
            for program in self._programs.values()
            for stage in program.stages
            if stage.uses or stage.lane_products
        )

    def _layer(self, program: Program, stage: ProgramStage) -> LayerCost:
        alone = Program(stage.name, (stage,), 0, program.period_steps, program.tensor_bytes)
        schedule = self.deployed.schedule_of(alone)
        cost = program_cost(schedule, self.device.chip)
        names = tuple(dict.fromkeys(use.matrix for use in stage.uses))
        streams = [self.small.matrices[name].encoded for name in names]
        weights = sum(each.shape[0] * each.shape[1] for each in streams)
        stream_bytes = sum(len(each.data) for each in streams)
        uses = [(*self.small.matrices[use.matrix].encoded.shape, use.vectors) for use in stage.uses]
        sizes = [*uses, *((each.rows, each.columns, each.vectors) for each in stage.lane_products)]
        shapes = [f"{rows}x{columns}" + (f" x{vectors}" if vectors > 1 else "") for rows, columns, vectors in sizes]
        first = max(cost.causes, key=cost.causes.get) if cost.cycles else "vector"
        return LayerCost(
            layer=stage.name,
            program=program.name,
            matrices=names,
            shape=" + ".join(shapes),
            runs=float(self.runs[program.name]),
            products=program.frames(1) * sum(rows * columns * vectors for rows, columns, vectors in sizes),
            stream_bytes=stream_bytes,
            bits_per_weight=8.0 * stream_bytes / weights if weights else None,
            fetch_bytes=int(cost.fetch_bytes),
            cycles=int(cost.cycles),
            bound_by=first,
        )

    @cached_property
    def timeline(self) -> Timeline:
        """Some inferences played on the device, after a wake-up."""
        return self.deployed.play(self._work(), music=None, seed=self.seed)

    def _work(self) -> Work:
        each = sum(max(1, ceil(runs)) for runs in self.runs.values())
        steps = max(1, min(PLAYED, PLAYED_JOBS // each))
        jobs: list[Job] = []
        due = dict.fromkeys(self.runs, Fraction(0))
        for step in range(steps):
            release_ms = round((step + 1) * self.every_ms)
            for name, runs in self.runs.items():
                due[name] += runs
                while due[name] >= 1:
                    jobs.append(Job("npu", name, step, release_ms))
                    due[name] -= 1
        end_ms = round(steps * self.every_ms)
        return Work(
            utterance=self.small.network.name,
            audio_ms=end_ms,
            speech_end_ms=None,
            speech_end_estimated=False,
            endpoint_ms=end_ms,
            first_label_step=-1,
            last_label_step=-1,
            steps=steps,
            step_ms=max(1, round(self.every_ms)),
            jobs=chained(jobs),
        )

    @cached_property
    def times_ms(self) -> np.ndarray:
        """float64 ``(played,)``: of each inference, from when it could begin to its last program's end."""
        release, done = self.timeline.step_release_ps, self.timeline.step_done_ps
        begun = np.maximum(release, np.concatenate([[0], done[:-1]]))
        return (done - begun) / PS_PER_MS

    @property
    def time_ms(self) -> float:
        """Of an inference on the device, median."""
        return float(np.median(self.times_ms))

    @property
    def real_time_share(self) -> float:
        """Of the time from one inference to the next; above 1 the device does not keep up."""
        return self.time_ms / self.every_ms

    @property
    def energy_mj(self) -> float:
        """Of an inference, above what the device takes while it idles."""
        return sum(self.energy_by_part_mj.values())

    @cached_property
    def energy_by_part_mj(self) -> Mapping[str, float]:
        """Part -> millijoules of an inference above idling."""
        timeline, count = self.timeline, len(self.times_ms)
        return {
            part: (value - timeline.energy_idle_pj.get(part, 0.0)) / PJ_PER_MJ / count
            for part, value in timeline.energy_pj.items()
        }
