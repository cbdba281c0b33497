"""A clock carried exactly: its period is a ratio of whole numbers, and only the end of a job is rounded.

::

    3 GHz:  a cycle is 1000/3 ps   ──>  1000 ticks, of which 3 are a picosecond
    a job of 3,000,001 cycles ends after ceil(3,000,001,000 / 3) ps; its tiles are counted in ticks
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

MOST_TICKS_PER_PS = 1 << 16
"""So that ticks of a job of a minute fit 64 bits. Clocks of whole megahertz up to 65 GHz are exact, as are those of up
to 650 MHz with two decimals; the period of any other is the nearest ratio, less than 2e-5 ps off."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A period of ``cycle_ticks`` ticks, ``ticks_per_ps`` of which are a picosecond."""

    cycle_ticks: int
    ticks_per_ps: int

    @classmethod
    def of(cls, mhz: float) -> Clock:
        """The clock of so many megahertz, as they are written."""
        period = (10**6 / Fraction(str(mhz))).limit_denominator(MOST_TICKS_PER_PS)
        return cls(period.numerator, period.denominator)

    def ps(self, cycles: int) -> int:
        """The first whole picosecond at which so many cycles are over."""
        return -(-int(cycles) * self.cycle_ticks // self.ticks_per_ps)
