"""What follows the words: understanding of a stated duration, then the cloud; begun early, forgotten at a reset.

::

    told (speculative) ──> understanding ──> cloud, if asked ──> result of revision r ──┐
    reset              ──> forgotten: what has not begun is not begun, no result comes  ├─> delivered
    committed          ─────────────────────────────────────────────────────────────────┘

The understanding is a stand-in on an engine of its own: it takes its time and nothing else. What goes to the cloud is a
real message over the device's radio. A result is delivered once the final words are there, and only of those.

**Source:** speculation algebra: with a lead of L and work of D, a result that may be used only once the final
end-pointer agrees comes min(L, D) earlier; prefetching: Interspeech 2020 (Google).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import simpy
from msgspec import Meta, Struct

PS_PER_MS = 10**9
Asking = Callable[[], Generator[simpy.Event, object, None]]
"""Makes a SimPy process that ends when the cloud's answer is there."""
DownstreamKind = Literal["begun", "forgotten", "result", "delivered"]


class DownstreamChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """The table ``[downstream]`` of an experiment.

    Attributes:
        understanding_ms: of the work that follows the words; `assumed`.
        cloud: its result goes on to the cloud, as the message of a lattice, and an answer comes back; needs lattices.
        speculate: work begins at the speculative end-point; else at the final words.
    """

    understanding_ms: Annotated[float, Meta(ge=0, le=60_000)] = 100.0
    cloud: bool = False
    speculate: bool = True


@dataclass(frozen=True, slots=True)
class DownstreamEvent:
    """One event, of words of a revision: 0 for those that were told first, one more after each reset."""

    time_ps: int
    kind: DownstreamKind
    revision: int


@dataclass(frozen=True, slots=True)
class DownstreamRecord:
    """What came of an utterance downstream.

    Attributes:
        events: in order of time.
    """

    events: tuple[DownstreamEvent, ...]

    @property
    def delivered_ps(self) -> int:
        """When the result was usable, -1 if none was."""
        return max((event.time_ps for event in self.events if event.kind == "delivered"), default=-1)

    @property
    def runs(self) -> int:
        """How often work was begun."""
        return sum(event.kind == "begun" for event in self.events)

    @property
    def wasted_ps(self) -> int:
        """Time of work that was forgotten, until its result or the reset."""
        wasted = 0
        for gone in self.events:
            if gone.kind == "forgotten":
                own = {event.kind: event.time_ps for event in self.events if event.revision == gone.revision}
                wasted += own.get("result", gone.time_ps) - own["begun"]
        return wasted


class Downstream:
    """Work downstream of one utterance, as the end-pointers' events become known on the device.

    Args:
        env: in integer picoseconds.
        choice: what the work is.
        ask: of the cloud; None: it has no part.

    Attributes:
        delivered: happens when the result of the final words is usable.
    """

    def __init__(self, env: simpy.Environment, choice: DownstreamChoice, ask: Asking | None = None) -> None:
        self._env, self._choice, self._ask = env, choice, ask
        self._events: list[DownstreamEvent] = []
        self._running: int | None = None
        self._revision = 0
        self._result = self._committed = False
        self.delivered = env.event()

    def told(self) -> None:
        """The speculative end-pointer has told words."""
        if self._choice.speculate:
            self._begin()

    def reset(self) -> None:
        """The words are others: all that was begun is forgotten."""
        if self._running is not None:
            self._log("forgotten")
        self._running, self._result = None, False
        self._revision += 1

    def committed(self) -> None:
        """The final words are there: those that were told last."""
        self._committed = True
        if self._running is None:
            self._begin()
        self._deliver()

    def record(self) -> DownstreamRecord:
        """What came of it so far."""
        return DownstreamRecord(tuple(self._events))

    def _begin(self) -> None:
        self._running = self._revision
        self._log("begun")
        self._env.process(self._work(self._revision))

    def _work(self, revision: int) -> Generator[simpy.Event, object, None]:
        """SimPy process: one run; it ends where it is forgotten."""
        yield self._env.timeout(round(self._choice.understanding_ms * PS_PER_MS))
        if self._running == revision and self._ask is not None:
            yield from self._ask()
        if self._running == revision:
            self._result = True
            self._log("result")
            self._deliver()

    def _deliver(self) -> None:
        if self._committed and self._result:
            self._log("delivered")
            self.delivered.succeed()

    def _log(self, kind: DownstreamKind) -> None:
        self._events.append(DownstreamEvent(self._env.now, kind, self._revision))


def follow(kinds: Sequence[tuple[int, str]], choice: DownstreamChoice) -> DownstreamRecord:
    """The work that follows an event log by itself.

    Args:
        kinds: time in ps and kind of each event, ``speculative``, ``resume`` or ``commit``, in order.
        choice: what the work is; the cloud has no part.
    """
    env = simpy.Environment(initial_time=0)
    downstream = Downstream(env, choice)

    def tell() -> Generator[simpy.Event, object, None]:
        for time_ps, kind in kinds:
            yield env.timeout(time_ps - env.now)
            {"speculative": downstream.told, "resume": downstream.reset, "commit": downstream.committed}[kind]()

    env.process(tell())
    env.run()
    return downstream.record()
