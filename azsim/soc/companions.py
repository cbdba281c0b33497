"""Networks beside the recogniser on the neural processor: whisper detection, speaker identification, vision...

::

    release ──every period──> job on the processor, by its priority ──> response time; late after a period
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np
import simpy

from azsim.chip.schedule import Sections, TileSchedule
from azsim.soc.device import DeviceSimulation
from azsim.soc.timeline import CompanionRecord


@dataclass(frozen=True, slots=True)
class Companion:
    """A network that runs again and again.

    Attributes:
        name: for reports.
        schedule: of one run.
        period_ps: from one release to the next.
        priority: on the processor, 0 to 99.
        following: schedules of the runs after the first, which then come round again; of a network of which some
            programs run at every second release alone. One without parts asks nothing of the processor.
    """

    name: str
    schedule: TileSchedule | Sections
    period_ps: int
    priority: int
    following: tuple[TileSchedule | Sections, ...] = ()

    @property
    def runs(self) -> tuple[TileSchedule | Sections, ...]:
        """Schedules of its runs, which come round again."""
        return (self.schedule, *self.following)


def start_companions(
    simulation: DeviceSimulation, companions: Sequence[Companion], seed: int
) -> tuple[CompanionRecord, ...]:
    """Let each run for ever, its first release a drawn part of a period after time 0; the records fill as time goes."""
    records = tuple(CompanionRecord(companion.name, companion.period_ps) for companion in companions)
    for index, (companion, record) in enumerate(zip(companions, records, strict=True)):
        first_ps = int(np.random.default_rng([seed, 4, index]).integers(companion.period_ps))
        simulation.env.process(_again(simulation, companion, record, first_ps))
    return records


def _again(
    simulation: DeviceSimulation, companion: Companion, record: CompanionRecord, release_ps: int
) -> Generator[simpy.Event, object, None]:
    """SimPy process: a run per release, one after another; one that is released while another runs waits for it."""
    env = simulation.env
    for schedule in cycle(companion.runs):
        if env.now < release_ps:
            yield env.timeout(release_ps - env.now)
        yield from simulation.run_schedule(schedule, priority=companion.priority)
        record.responses_ps.append(env.now - release_ps)
        release_ps += companion.period_ps
