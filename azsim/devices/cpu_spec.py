"""The ``[cpu]`` table of a device file: cores, operating points, idle states, other work."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from azsim.devices.quantities import CoreClock, CoreCycles, CyclesEach, Microseconds, Period
from azsim.ranges import NonNegative


class OperatingPointSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """A clock at which the cores may run, and the voltage that it needs."""

    clock_mhz: CoreClock
    voltage_v: Annotated[float, Meta(gt=0, le=10)]


class IdleStateSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """What a core does when it has nothing to do: see `azsim.soc.core_idle`.

    ``power_mw``: of one core in it. ``all_cores``: only entered when all cores idle; its power is of all together.
    """

    name: str
    entry_us: Microseconds
    exit_us: Microseconds
    min_residency_us: Microseconds
    power_mw: NonNegative
    all_cores: bool = False


class CpuPrioritySpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Priority of each kind of job on the cores, 0 (lowest) to 99, as of a real-time scheduler."""

    music_decode: Annotated[int, Meta(ge=0, le=99)] = 50
    echo: Annotated[int, Meta(ge=0, le=99)] = 40
    frontend: Annotated[int, Meta(ge=0, le=99)] = 30
    search: Annotated[int, Meta(ge=0, le=99)] = 30
    network: Annotated[int, Meta(ge=0, le=99)] = 20
    background: Annotated[int, Meta(ge=0, le=99)] = 0


class BackgroundSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Something else that the cores do again and again; ``poisson`` arrivals are ``every_ms`` apart on average."""

    name: str
    every_ms: Period
    cycles: Annotated[int, Meta(ge=1, le=10**12)]
    arrivals: Literal["periodic", "poisson"] = "poisson"


class CpuSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """The application cores: front end, search, echo cancellation, music decoding, network stack, other load.

    ``clock_mhz``: of all cores, where the governor is ``fixed``; ``on-demand`` follows the load from there.
    ``idle_latency_limit_us``: idle states whose exit takes longer are not entered.
    """

    cores: Annotated[int, Meta(ge=1, le=256)]
    clock_mhz: CoreClock
    operating_points: Annotated[tuple[OperatingPointSpec, ...], Meta(min_length=1)]
    idle_states: Annotated[tuple[IdleStateSpec, ...], Meta(min_length=1)]
    dynamic_uw_per_mhz_v2: NonNegative
    frontend_cycles_per_frame: CoreCycles
    search_cycles_per_hypothesis: CoreCycles
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
