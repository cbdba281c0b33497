"""A network on a device: one residency plan, the schedule of every program, and utterances played with them.

::

    device, bitstreams, residency ──> plan ──> schedules ──┬─> cost of each program and of a step
                                                           └─> work, with the reload of a wake-up ──> Timeline
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import floor, lcm

import numpy as np

from azsim.arbitration import Traffic
from azsim.chip.build import build_invocations, build_schedule, build_schedules, compile_all
from azsim.chip.instructions import Code
from azsim.chip.lanes import needs_activations, without_activations
from azsim.chip.residency import ResidencyPlan, SharedPlan, Sharer, plan_shared
from azsim.chip.schedule import Sections, TileSchedule, joined
from azsim.chip.wake import RELOAD, reload_schedule
from azsim.compress.network import CompressedNetwork
from azsim.deploy.cost import ProgramCost, program_cost
from azsim.devices.chip_spec import ChipSpec
from azsim.devices.quantities import Residency
from azsim.devices.spec import Device
from azsim.devices.sram import ring_bytes
from azsim.errors import InputError
from azsim.nn.program import Program
from azsim.soc import simulate
from azsim.soc.companions import Companion
from azsim.soc.device import DeviceSimulation
from azsim.soc.downstream import Asking, DownstreamChoice
from azsim.soc.job_graph import PS_PER_MS, Run, Schedules
from azsim.soc.music import MusicTrack
from azsim.soc.timeline import Timeline
from azsim.soc.trace import FIRST_MINUTE_PS, Window
from azsim.speech.work import RECOGNISER, Job, Work

MOST_ROUNDS = 1_000
"""Releases after which all programs of a network that is always on come together again."""


@dataclass(frozen=True)
class Beside:
    """A network that shares the processor with the one that is deployed.

    Attributes:
        network: its bitstreams.
        priority: of its jobs on the processor, 0 to 99.
        every_ms: from one run to the next, whatever else happens; None: it runs where work asks for it.
        vectors: frames of a run, which share the weights.
        residency: matrix name or pattern -> mode that is not the planner's to choose.
    """

    network: CompressedNetwork
    priority: int = 50
    every_ms: float | None = None
    vectors: int = 1
    residency: Mapping[str, Residency] = field(default_factory=dict)

    @property
    def sharer(self) -> Sharer:
        """What the planner sees of it."""
        programs = self.network.network.programs()
        rates = None
        if self.every_ms is not None:
            steps_per_s = 1000 * self.vectors / self.every_ms
            rates = {name: steps_per_s / float(one.period_steps or 1) for name, one in programs.items()}
        return Sharer(self.network, rates, self.vectors, self.residency)


@dataclass(frozen=True)
class Deployment:
    """A compressed network on a device; what follows from the two is computed when it is first asked for.

    Attributes:
        device: its description; a chip alone has its memory to itself and plays nothing.
        network: weights, encoded for the chip.
        residency: matrix name or pattern -> mode that is not the planner's to choose, or a whole plan.
        frames_per_step: encoder steps gathered into one run of a program.
        rates: program -> runs per second, for the planner; those of speech if not given.
        beside: stage -> network that shares the processor; in work its programs are those of that stage's jobs.
        reserved_bytes: of on-chip memory that something else than networks takes, as the states of a beam.
        traffic: of clients that stages bring to the device's memory, whoever speaks.
    """

    device: Device | ChipSpec
    network: CompressedNetwork
    residency: Mapping[str, Residency] | ResidencyPlan = field(default_factory=dict)
    frames_per_step: int = 1
    rates: Mapping[str, float] | None = None
    beside: Mapping[str, Beside] = field(default_factory=dict)
    reserved_bytes: int = 0
    traffic: tuple[Traffic, ...] = ()

    @property
    def chip(self) -> ChipSpec:
        """The processor."""
        return self.device.chip if isinstance(self.device, Device) else self.device

    @cached_property
    def shared(self) -> SharedPlan:
        """Where each matrix stays, of the network (its name is empty) and of those beside it.

        Raises:
            InputError: what is pinned or gathered does not fit, or names no matrix.
        """
        given = self.residency
        if isinstance(given, ResidencyPlan):
            if not self.beside:
                return SharedPlan({"": given}, given.use)
            given = given.modes
        sharers = {"": Sharer(self.network, self.rates, self.frames_per_step, given)}
        sharers |= {stage: one.sharer for stage, one in self.beside.items()}
        ring = ring_bytes(self.device.audio) if isinstance(self.device, Device) else 0
        return plan_shared(self.chip, sharers, ring + self.reserved_bytes)

    @property
    def plan(self) -> ResidencyPlan:
        """Where each matrix of the network stays; see `shared`."""
        return self.shared.plans[""]

    @property
    def needs_activations(self) -> bool:
        """Whether the cycles of a run depend on its activations, so that each run has a schedule of its own."""
        return needs_activations(self.chip.lanes)

    @cached_property
    def schedules(self) -> Schedules:
        """Program -> its schedule; activations are taken as having no zeros where the skip mode asks for them.

        There its time and products are upper bounds.

        Raises:
            InputError: the weights are laid out for another chip.
        """
        return build_schedules(self._chip_unrecorded, self.network, self.plan, self.frames_per_step)

    def schedule_of(self, program: Program) -> Run:
        """The schedule of one run of any program of the network's matrices, activations taken as for `schedules`."""
        return build_schedule(self._chip_unrecorded, program, self.network, self.plan)

    def schedules_of(self, work: Work) -> Schedules:
        """Program -> its schedule, or one for each of its runs in ``work`` where the activations decide the cycles.

        Raises:
            InputError: ``work`` has no recorded activations, but the skip mode asks for them.
        """
        if not self.needs_activations:
            return {**self.schedules, **self.schedules_beside, **self._batches_of(work)}
        alone = {job.name for job in work.jobs if job.engine == "npu" and job.stage == RECOGNISER and job.units == 1}
        own = {
            name: build_invocations(self.chip, program, self.network, self.plan, work.inputs, self.frames_per_step)
            for name, program in self.network.network.programs().items()
            if name in alone
        }
        return {**own, **self.schedules_beside, **self._batches_of(work)}

    def _batches_of(self, work: Work) -> Schedules:
        """Program and number of inputs that share a run, as `Job.schedule` calls them -> schedule, or one by run."""
        found: dict[str, Run | dict[int, Run]] = {}
        for job in work.jobs:
            if job.engine != "npu" or job.units == 1:
                continue
            if job.stage != RECOGNISER or not self.needs_activations:
                if job.schedule not in self._batches:
                    self._batches[job.schedule] = self._batch(job, None)
                found[job.schedule] = self._batches[job.schedule]
            else:
                rows = slice(job.invocation, job.invocation + job.units)
                inputs = {name: work.inputs[name][rows] for name in self._program(job).matrices if name in work.inputs}
                found.setdefault(job.schedule, {})[job.invocation] = self._batch(job, inputs)
        return found

    @cached_property
    def _batches(self) -> dict[str, Run]:
        """Those that work has asked for so far and that no activations decide."""
        return {}

    def _program(self, job: Job) -> Program:
        network = self.network if job.stage == RECOGNISER else self.beside[job.stage].network
        return network.network.programs()[job.name].batched(job.units)

    def _batch(self, job: Job, inputs: Mapping[str, np.ndarray] | None) -> Run:
        if job.stage == RECOGNISER:
            return build_schedule(self.chip, self._program(job), self.network, self.plan, inputs)
        network, plan = self.beside[job.stage].network, self.shared.plans[job.stage]
        return build_schedule(self._chip_unrecorded, self._program(job), network, plan)

    @cached_property
    def _chip_unrecorded(self) -> ChipSpec:
        """The chip of runs whose activations are not recorded."""
        return without_activations(self.chip)

    @cached_property
    def schedules_beside(self) -> Mapping[str, TileSchedule | Sections]:
        """Stage and program of a network beside, as `Job.schedule` calls them -> schedule.

        Where the skip mode looks at activations, theirs are taken as having no zeros: an upper bound of their time.
        """
        return {
            f"{stage}/{program}": schedule
            for stage, one in self.beside.items()
            for program, schedule in build_schedules(
                self._chip_unrecorded, one.network, self.shared.plans[stage], one.vectors
            ).items()
        }

    @cached_property
    def companions(self) -> tuple[Companion, ...]:
        """The networks beside that run again and again, ready to be simulated."""
        made = []
        for stage, one in self.beside.items():
            if one.every_ms is not None:
                first, *following = self._rounds(stage, one)
                period_ps = round(one.every_ms * PS_PER_MS)
                made.append(Companion(stage, first, period_ps, one.priority, tuple(following)))
        return tuple(made)

    def _rounds(self, stage: str, one: Beside) -> list[Run]:
        """The job of each release until all programs come together again.

        Raises:
            InputError: that takes too many releases.
        """
        programs = one.network.network.programs()
        shares = {
            name: Fraction(one.vectors) / (Fraction(program.period_steps or 1) * program.frames(one.vectors))
            for name, program in programs.items()
        }
        count = lcm(*(share.denominator for share in shares.values()))
        if count > MOST_ROUNDS:
            raise InputError(
                f"network {stage!r}: its programs come together every {count} releases; at most {MOST_ROUNDS}: let "
                "more vectors share a run"
            )
        rounds = []
        for release in range(count):
            own = [
                self.schedules_beside[f"{stage}/{name}"]
                for name, share in shares.items()
                for _ in range(floor((release + 1) * share) - floor(release * share))
            ]
            rounds.append(joined(stage, own))
        return rounds

    @cached_property
    def codes(self) -> Mapping[str, Code]:
        """Program -> the instructions that its schedule executes."""
        return compile_all(self.chip, self.network, self.plan, self.frames_per_step)

    @property
    def bitstream_bytes(self) -> int:
        """Bytes of the compressed network, headers, palettes and biases included."""
        return self.network.model_bytes

    @property
    def resident_bytes(self) -> int:
        """On-chip bytes of the weights that stay there, of all networks."""
        return self.shared.use.resident_bytes

    @property
    def peak_sram_bytes(self) -> int:
        """Most on-chip memory in use: activations, tile buffers, resident weights, the ring if it is here."""
        return self.shared.use.total_bytes

    @cached_property
    def costs(self) -> Mapping[str, ProgramCost]:
        """Program -> what one run of it costs, alone on the chip."""
        return {name: program_cost(schedule, self.chip) for name, schedule in self.schedules.items()}

    def step(self) -> ProgramCost:
        """What one encoder step costs: every program that steps decide, by its share of a step."""
        programs = self.network.network.programs()
        shares = {name: 1 / one.period_steps for name, one in programs.items() if one.period_steps}
        runs = {name: share / programs[name].frames(self.frames_per_step) for name, share in shares.items()}
        return sum((self.costs[name].times(share) for name, share in runs.items()), ProgramCost.nothing())

    def ready(self, work: Work) -> tuple[Work, Schedules]:
        """The same work from a wake-up on: the reload of the resident weights comes before its first job."""
        schedules = self.schedules_of(work)
        if self.reload is None:
            return work, schedules
        return work.preceded_by(Job("npu", RELOAD, 0, 0)), {**schedules, RELOAD: self.reload}

    @cached_property
    def reload(self) -> TileSchedule | None:
        """The schedule of a wake-up, the same for every utterance; None if nothing is resident."""
        plans = {**self.shared.plans, "": self.reloaded}
        networks = {"": self.network, **{stage: one.network for stage, one in self.beside.items()}}
        parts = [reload_schedule(self.chip, networks[name], plan) for name, plan in plans.items()]
        brought = [part for part in parts if part is not None]
        return TileSchedule.concatenate(RELOAD, brought) if brought else None

    @property
    def reloaded(self) -> ResidencyPlan:
        """The part of the network's plan that a wake-up brings in; those beside come whole."""
        return self.plan

    def play(
        self,
        work: Work,
        *,
        music: MusicTrack | None,
        seed: int = 0,
        trace: bool = False,
        window_ps: Window = FIRST_MINUTE_PS,
        downstream: DownstreamChoice | None = None,
        asking: Callable[[DeviceSimulation], Asking] | None = None,
    ) -> Timeline:
        """Play an utterance on the device, from a wake-up to the final words; arguments as in `azsim.soc.simulate`.

        Raises:
            InputError: there is a chip alone.
        """
        if not isinstance(self.device, Device):
            raise InputError("a chip alone plays no utterance: deploy the network on a device")
        return simulate(
            self.device,
            *self.ready(work),
            music=music,
            seed=seed,
            trace=trace,
            window_ps=window_ps,
            peak_sram_bytes=self.peak_sram_bytes,
            companions=self.companions,
            traffic=self.traffic,
            downstream=downstream,
            asking=asking,
        )
