"""What the end-pointers did, of one utterance and of many: waits, resets, and when a result downstream is usable.

::

    true end of speech ──speculative wait──> told ──lead──> final
                                              └── work downstream ──> usable: at the later of both
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from azsim.report.percentiles import percentile
from azsim.speech.work import RECOGNISER, Work

DOWNSTREAM_MS = 100.0
"""Of the work that follows the words (understanding and an answer), from words to result; `assumed`."""


@dataclass(frozen=True, slots=True)
class EndPoints:
    """Of one utterance, in time of its sound.

    Attributes:
        final_ms: true end of speech to the final end-point, below 0 where that came before; None if it is not known.
        speculative_ms: likewise to the speculative one whose words were committed; None without one.
        lead_ms: from that one to the final one.
        resets: how often words that were told were taken back; None without a speculative end-pointer.
    """

    final_ms: float | None
    speculative_ms: float | None
    lead_ms: float | None
    resets: int | None

    @staticmethod
    def of(work: Work) -> EndPoints:
        """Of the work of an utterance and its log."""
        end = work.speech_end_ms
        final = None if end is None else float(work.endpoint_ms - end)
        told = [event for event in work.events if event.stage == RECOGNISER and event.kind == "speculative"]
        if not told:
            return EndPoints(final, None, None, None)
        lead = float(work.endpoint_ms - told[-1].time_ms)
        return EndPoints(final, None if final is None else final - lead, lead, len(told) - 1)


@dataclass(frozen=True, slots=True)
class EndPointColumns:
    """Of many utterances; None where a value does not apply.

    Attributes:
        final_p50_ms, final_p90_ms: of the final end-points that cut nothing early (EP50, EP90).
        speculative_p50_ms: of the speculative ones of those utterances.
        reset_share: utterances in which words that were told were taken back.
        perceived_p50_ms: true end of speech to a result downstream, `DOWNSTREAM_MS` after words were told, and not
            before the final words.
    """

    final_p50_ms: float | None
    final_p90_ms: float | None
    speculative_p50_ms: float | None
    reset_share: float | None
    perceived_p50_ms: float | None


def columns_of(utterances: Sequence[tuple[EndPoints, bool, float | None]]) -> EndPointColumns:
    """Of many: the end-points of each, whether they cut it early, and its latency to the final words."""
    kept = [(ends, latency) for ends, is_early, latency in utterances if not is_early]
    finals = [ends.final_ms for ends, _ in kept if ends.final_ms is not None]
    told = [ends.speculative_ms for ends, _ in kept if ends.speculative_ms is not None]
    resets = [ends.resets > 0 for ends, _, _ in utterances if ends.resets is not None]
    perceived = [latency + max(0.0, DOWNSTREAM_MS - (ends.lead_ms or 0.0)) for ends, latency in kept if latency]
    return EndPointColumns(
        final_p50_ms=_of(finals, 50),
        final_p90_ms=_of(finals, 90),
        speculative_p50_ms=_of(told, 50),
        reset_share=sum(resets) / len(resets) if resets else None,
        perceived_p50_ms=_of(perceived, 50),
    )


def _of(values: Sequence[float], percent: float) -> float | None:
    return percentile(values, percent) if values else None
