"""What one run of a program costs, alone on the chip: cycles by cause, bytes from DRAM, products, work of the CPU."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from azsim.chip.attribution import CAUSES, time_by_cause
from azsim.chip.schedule import CpuWork, Sections, TileSchedule
from azsim.devices.chip_spec import ChipSpec


@dataclass(frozen=True, slots=True)
class ProgramCost:
    """The cost of a run, or of a share of several.

    Attributes:
        causes: cause -> cycles of the chip; they add up to `cycles`.
        fetch_bytes: from DRAM.
        products: multiplications that were done.
        cpu_elements: elements of functions that the chip leaves to the CPU.
    """

    causes: Mapping[str, float]
    fetch_bytes: float
    products: float
    cpu_elements: float

    @property
    def cycles(self) -> float:
        """Cycles of the chip."""
        return sum(self.causes.values())

    @classmethod
    def nothing(cls) -> ProgramCost:
        """No cost."""
        return cls(dict.fromkeys(CAUSES, 0), 0, 0, 0)

    def times(self, factor: float) -> ProgramCost:
        """So many runs."""
        causes = {cause: factor * cycles for cause, cycles in self.causes.items()}
        return ProgramCost(causes, factor * self.fetch_bytes, factor * self.products, factor * self.cpu_elements)

    def __add__(self, other: ProgramCost) -> ProgramCost:
        causes = {cause: self.causes[cause] + other.causes[cause] for cause in self.causes}
        return ProgramCost(
            causes,
            self.fetch_bytes + other.fetch_bytes,
            self.products + other.products,
            self.cpu_elements + other.cpu_elements,
        )


def program_cost(schedule: TileSchedule | Sections, chip: ChipSpec) -> ProgramCost:
    """The cost of one run of a schedule; its numbers are whole.

    Args:
        schedule: what the run asks of the chip, and of the CPU between.
        chip: the processor, with the memory to itself.
    """
    total = ProgramCost.nothing()
    for part in schedule.parts if isinstance(schedule, Sections) else (schedule,):
        if isinstance(part, CpuWork):
            total += ProgramCost(dict.fromkeys(CAUSES, 0), 0, 0, part.elements)
        else:
            causes = {cause: int(cycles) for cause, cycles in time_by_cause(part, chip).items()}
            total += ProgramCost(causes, int(part.fetch_bytes.sum()), int(part.products.sum()), 0)
    return total
