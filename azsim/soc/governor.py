"""The clock of the cores: their operating points, what a core draws at each, and a governor that chooses among them.

::

    load of the busiest core over a period ──x 1.25──> the lowest point that gives as much ──> clock, voltage, power

The cores share one clock and one supply. ``fixed`` stays at ``cpu.clock_mhz``.

**Source:** dynamic power ``C f V^2`` with the coefficient of the device tree; ``on-demand`` is the rule of Linux's
``schedutil`` (``kernel/sched/cpufreq_schedutil.c``: next = 1.25 x highest x utilisation at the highest).
"""

from __future__ import annotations

from dataclasses import dataclass

from azsim.devices.cpu_spec import CpuSpec

MARGIN = 1.25
"""Of ``schedutil``: a core that is four fifths busy gets a faster clock."""


@dataclass(frozen=True, slots=True)
class CoreClock:
    """One choice for all cores.

    Attributes:
        mhz: clock.
        ps_per_kcycle: picoseconds of a thousand cycles.
        power_uw: what one running core draws.
    """

    mhz: float
    ps_per_kcycle: int
    power_uw: int


def clocks_of(spec: CpuSpec) -> list[CoreClock]:
    """Every operating point, slowest first."""
    points = sorted(spec.operating_points, key=lambda point: point.clock_mhz)
    return [_clock(spec, point.clock_mhz, point.voltage_v) for point in points]


def initial_clock(spec: CpuSpec) -> CoreClock:
    """``cpu.clock_mhz`` at the voltage of the slowest operating point that reaches it (of the fastest, beyond it)."""
    points = sorted(spec.operating_points, key=lambda point: point.clock_mhz)
    enough = [point for point in points if point.clock_mhz >= spec.clock_mhz] or points[-1:]
    return _clock(spec, spec.clock_mhz, enough[0].voltage_v)


def next_clock(clocks: list[CoreClock], current: CoreClock, load: float) -> CoreClock:
    """The operating point after a period in which the busiest core ran for a share ``load`` of it at ``current``."""
    wanted_mhz = MARGIN * load * current.mhz
    return next((clock for clock in clocks if clock.mhz >= wanted_mhz), clocks[-1])


def _clock(spec: CpuSpec, mhz: float, voltage_v: float) -> CoreClock:
    return CoreClock(mhz, round(1e9 / mhz), round(spec.dynamic_uw_per_mhz_v2 * mhz * voltage_v**2))
