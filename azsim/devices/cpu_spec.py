"""The ``[cpu]`` table of a device file: cores, operating points, idle states, other work."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from azsim.devices.quantities import CoreClock, CoreCycles, CyclesEach, Microseconds, Period
from azsim.errors import InputError, nearest
from azsim.ranges import NonNegative

CorePriority = Annotated[int, Meta(ge=0, le=99)]
NEEDED_TASKS = ("frontend", "search")
"""Tasks without which nothing is recognised."""


class OperatingPointSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """A clock at which the cores may run, and the voltage that it needs.

    Attributes:
        clock_mhz: of all cores at this point.
        voltage_v: that this clock needs; power goes with its square.
    """

    clock_mhz: CoreClock
    voltage_v: Annotated[float, Meta(gt=0, le=10)]


class IdleStateSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """What a core does when it has nothing to do: see `azsim.soc.core_idle`.

    Attributes:
        name: for reports.
        entry_us: to enter it; a job that comes meanwhile waits for the rest.
        exit_us: to leave it; a job waits as long.
        min_residency_us: that a core must have idled before it enters.
        power_mw: of one core in it, or of all together with `all_cores`.
        all_cores: only entered when all cores idle.
    """

    name: str
    entry_us: Microseconds
    exit_us: Microseconds
    min_residency_us: Microseconds
    power_mw: NonNegative
    all_cores: bool = False


class CpuTaskSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """What a task of the pipeline costs on a core; ``NAME`` is what its jobs are called.

    Attributes:
        cycles_per_unit: for each unit: a frame of 10 ms of `frontend`, a hypothesis extended of `search`.
        cycles_per_call: for each job, whatever its units.
        priority: of its jobs among all of the cores, 0 (lowest) to 99.
    """

    cycles_per_unit: CoreCycles
    cycles_per_call: CoreCycles = 0
    priority: CorePriority = 30


class CpuPrioritySpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Priority of jobs on the cores that are no task of the pipeline, 0 (lowest) to 99, as of a real-time scheduler.

    Attributes:
        music_decode: of decoding a packet of music; too low, and the ring runs empty.
        echo: of echo cancellation.
        network: of the network stack.
        background: of `cpu.background`.
    """

    music_decode: CorePriority = 50
    echo: CorePriority = 40
    network: CorePriority = 20
    background: CorePriority = 0


class BackgroundSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Something else that the cores do again and again; ``poisson`` arrivals are ``every_ms`` apart on average.

    Attributes:
        name: for reports.
        every_ms: from one job to the next, on average for `poisson`.
        cycles: of each job.
        arrivals: evenly spaced, or at random with that mean.
    """

    name: str
    every_ms: Period
    cycles: Annotated[int, Meta(ge=1, le=10**12)]
    arrivals: Literal["periodic", "poisson"] = "poisson"


class CpuSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """The application cores: front end, search, echo cancellation, music decoding, network stack, other load.

    Attributes:
        cores: that share one run queue.
        clock_mhz: of all cores, where the governor is `fixed`; `on-demand` starts from there.
        operating_points: clocks that the cores may have, and the voltage of each.
        idle_states: from the lightest to the deepest; a core enters a deeper one the longer it idles.
        dynamic_uw_per_mhz_v2: power of a running core: this x MHz x volts squared.
        tasks: name -> what a task of the pipeline costs; `frontend` and `search` must be among them.
        wake_us: from an interrupt to the job that it wakes on an idle core.
        memory_bytes_per_kcycle: cache misses of a running core; each waits for the memory, and others wait for it.
        fallback_cycles_per_element: of a function that the vector unit lacks.
        network_cycles_per_packet: that the network stack costs per packet received.
        flops_per_cycle: floating-point operations, for echo cancellation.
        context_switch_us: that preempting a job costs, and taking it up again.
        idle_latency_limit_us: idle states that take longer to leave are not entered.
        governor: the clock stays, or follows the load as Linux's schedutil does.
        governor_period_ms: how often `on-demand` may change the clock.
        priority: of each kind of job.
        background: what else the cores do.
    """

    cores: Annotated[int, Meta(ge=1, le=256)]
    clock_mhz: CoreClock
    operating_points: Annotated[tuple[OperatingPointSpec, ...], Meta(min_length=1)]
    idle_states: Annotated[tuple[IdleStateSpec, ...], Meta(min_length=1)]
    dynamic_uw_per_mhz_v2: NonNegative
    tasks: dict[str, CpuTaskSpec]
    wake_us: Microseconds
    memory_bytes_per_kcycle: Annotated[float, Meta(ge=0, le=100_000)]
    fallback_cycles_per_element: CyclesEach = 8.0
    network_cycles_per_packet: CoreCycles = 0
    flops_per_cycle: Annotated[float, Meta(ge=0.01, le=10_000)] = 2.0
    context_switch_us: Microseconds = 0.0
    idle_latency_limit_us: NonNegative = 0.0
    governor: Literal["fixed", "on-demand"] = "fixed"
    governor_period_ms: Annotated[float, Meta(ge=0.1, le=60_000)] = 10.0
    priority: CpuPrioritySpec = CpuPrioritySpec()
    background: tuple[BackgroundSpec, ...] = ()

    def task(self, name: str) -> CpuTaskSpec:
        """A task of the pipeline.

        Raises:
            InputError: there is none of that name.
        """
        if name not in self.tasks:
            known = ", ".join(sorted(self.tasks))
            raise InputError(f"cpu.tasks.{name}: no such task; there are {known}{nearest(name, self.tasks)}")
        return self.tasks[name]
