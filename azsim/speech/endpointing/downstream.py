"""What follows the words downstream: begun at a speculative end, forgotten at a reset, delivered at the final end.

::

    speculative ──> work for `duration_ms` ──────┐ result of revision r
    resume      ──> forgotten, whatever its state│
    commit      ────────────────────────────────>┴──> delivered: at the later of both

**Source:** speculation algebra: with a lead of L and work of D, a result that may be used only once the final
end-pointer agrees comes min(L, D) earlier; prefetching: Interspeech 2020 (Google).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from azsim.speech.endpointing.protocol import EndPointEvent


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of an utterance downstream.

    Attributes:
        revision: of the words that the delivered result is of.
        delivered_ms: when, in time of the sound.
        without_speculation_ms: when it would have been, had work begun at the final end-point alone.
        runs: how often work was begun.
        wasted_ms: of work that was begun and forgotten.
    """

    revision: int
    delivered_ms: float
    without_speculation_ms: float
    runs: int
    wasted_ms: float


def deliver(events: Sequence[EndPointEvent], duration_ms: float) -> Delivery:
    """Play the events of a whole utterance to work that takes ``duration_ms``.

    Raises:
        ValueError: the events are not those of an utterance that is over.
    """
    if not events or events[-1].kind != "commit":
        raise ValueError("the events do not end in a commit")
    began: EndPointEvent | None = None
    runs, wasted = 0, 0.0
    for event in events:
        if event.kind == "speculative":
            began, runs = event, runs + 1
        elif event.kind == "resume" and began is not None:
            wasted += min(duration_ms, event.time_ms - began.time_ms)
            began = None
    final = events[-1]
    if began is None or began.revision != final.revision:
        raise ValueError("the commit is of words that were not told")
    delivered = max(final.time_ms, began.time_ms + duration_ms)
    return Delivery(final.revision, delivered, final.time_ms + duration_ms, runs, wasted)
