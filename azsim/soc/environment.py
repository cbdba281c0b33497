"""The clock of the device: a SimPy environment in which the compiled memory loop runs ahead to each next event.

::

    SimPy events   ──e1────────────e2──c──e3──>     if a completion may come before e2, the memory is advanced to e2;
    memory grants  ──|g|g|g|g|g|g|g|g|g|──g──>      a completion c that it finds becomes an event of its own
"""

from __future__ import annotations

from heapq import heappush
from typing import Protocol

import simpy
from simpy.events import NORMAL

NEVER = 2**62
"""A time that does not come, in picoseconds."""


class TimedEvent(simpy.Event):
    """An event whose time is known before it happens; its value is that time in picoseconds."""

    def occur_at(self, time_ps: int) -> None:
        """Happen at ``time_ps``, which must not lie in the past."""
        self._ok = True
        self._value = time_ps
        self.env.schedule_at(self, time_ps)

    def occur(self) -> None:
        """Happen at once: who waits for it goes on before this call returns."""
        self._ok = True
        self._value = self.env.now
        waiting, self.callbacks = self.callbacks, None
        for callback in waiting:
            callback(self)


class Advancing(Protocol):
    """Something with a time of its own, behind that of the events as long as it can have no completion for them."""

    next_completion_ps: int
    """No completion comes before this time."""

    def advance(self, until_ps: int) -> None:
        """Do everything that happens before ``until_ps``."""
        ...


class DeviceEnvironment(simpy.Environment):
    """SimPy's environment, in integer picoseconds, with the memory advanced before a step that may come too late.

    Attributes:
        now: the present time; a plain attribute, since everyone asks for it all the time.
    """

    now = 0

    def __init__(self) -> None:
        super().__init__(initial_time=0)
        self.memory: Advancing | None = None

    def schedule_at(self, event: simpy.Event, time_ps: int) -> None:
        """Let a triggered event happen at ``time_ps``, which must not lie in the past."""
        heappush(self._queue, (time_ps, NORMAL, next(self._eid), event))

    def step(self) -> None:
        """Advance the memory if need be, then process the next event or the completion found before it."""
        memory, queue = self.memory, self._queue
        if memory is not None:
            upcoming = queue[0][0] if queue else NEVER
            if memory.next_completion_ps <= upcoming:
                memory.advance(upcoming)
        if queue:
            self.now = queue[0][0]
        super().step()
