"""The events of one utterance: what is told downstream, in an order that downstream can rely on.

::

    listening ──speculative──> told ──commit──> over                 commit: the words are those that were told
        ^                       │
        └──────── resume ───────┘   the words are others now: forget what was begun with the old ones

Every ``speculative`` is followed by exactly one ``commit`` or ``resume``; there is exactly one ``commit``, the last
event. A final decision without an earlier speculative one tells both at once; one with other words than were told
resumes first. Names as a shipping product has them (Deepgram Flux: eager end of turn, turn resumed, end of turn).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from azsim.speech.endpointing.decision import EndPointing, Reason
from azsim.speech.endpointing.pause import Pause

EventKind = Literal["speculative", "resume", "commit"]


@dataclass(frozen=True, slots=True)
class EndPointEvent:
    """One event.

    Attributes:
        kind: see the module.
        step: of 30 ms, at whose end it was decided.
        time_ms: of the sound.
        revision: 0 for the first words that were told, one more after each ``resume``, whose revised words it counts.
        labels: of the best hypothesis at that moment; of a ``commit`` those of the ``speculative`` before it.
        reason: of a ``commit``: why the utterance is over.
    """

    kind: EventKind
    step: int
    time_ms: int
    revision: int
    labels: tuple[int, ...]
    reason: Reason | None = None


class EndPointProtocol:
    """Decides step by step, and tells.

    Args:
        limits: of both decisions.
        words_of: what labels say; those that say the same are the same words, however a beam spells them.

    Attributes:
        events: all so far.
    """

    def __init__(self, limits: EndPointing, words_of: Callable[[tuple[int, ...]], object] = tuple) -> None:
        self._limits, self._words_of = limits, words_of
        self._told: tuple[int, ...] | None = None
        self._revision = 0
        self.events: list[EndPointEvent] = []

    @property
    def is_over(self) -> bool:
        """Whether the utterance was committed."""
        return bool(self.events) and self.events[-1].kind == "commit"

    def step(self, pause: Pause) -> tuple[EndPointEvent, ...]:
        """What is to be told at the end of a step; nothing once the utterance is over."""
        if self.is_over:
            return ()
        before = len(self.events)
        if self._told is not None and self._are_others(pause.labels):
            self._told, self._revision = None, self._revision + 1
            self._tell("resume", pause, pause.labels)
        reason = self._limits.reason(pause)
        if self._told is None and (reason is not None or self._limits.is_speculative(pause)):
            self._told = pause.labels
            self._tell("speculative", pause, pause.labels)
        if reason is not None:
            assert self._told is not None
            self._tell("commit", pause, self._told, reason)
        return tuple(self.events[before:])

    def _are_others(self, labels: tuple[int, ...]) -> bool:
        """Whether these say something else than what was told."""
        return labels != self._told and self._words_of(labels) != self._words_of(self._told)

    def _tell(self, kind: EventKind, pause: Pause, labels: tuple[int, ...], reason: Reason | None = None) -> None:
        self.events.append(EndPointEvent(kind, pause.step, pause.time_ms, self._revision, labels, reason))
