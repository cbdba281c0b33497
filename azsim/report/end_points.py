"""What the end-pointers did, of one utterance and of many: waits, resets, and when a result downstream is usable.

::

    true end of speech ──speculative wait──> told ──lead──> final
                                              └── work downstream ──> usable: at the later of both
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from azsim.report.percentiles import percentile
from azsim.soc.downstream import PS_PER_MS, DownstreamRecord
from azsim.speech.work import RECOGNISER, Work


@dataclass(frozen=True, slots=True)
class EndPoints:
    """Of one utterance, in time of its sound.

    Attributes:
        final_ms: true end of speech to the final end-point, below 0 where that came before; None if it is not known.
        speculative_ms: likewise to the speculative one whose words were committed; None without one.
        lead_ms: from that one to the final one.
        resets: how often words that were told were taken back; None without a speculative end-pointer.
        perceived_ms: true end of speech to a result of the work that follows the words, as it was delivered on the
            device; None if there was none.
    """

    final_ms: float | None
    speculative_ms: float | None
    lead_ms: float | None
    resets: int | None
    perceived_ms: float | None = None

    @staticmethod
    def of(work: Work, downstream: DownstreamRecord | None = None) -> EndPoints:
        """Of the work of an utterance and its log, and what followed its words on a device."""
        end = work.speech_end_ms
        perceived = None
        if end is not None and downstream is not None and downstream.delivered_ps >= 0:
            perceived = downstream.delivered_ps / PS_PER_MS - end
        final = None if end is None else float(work.endpoint_ms - end)
        told = [event for event in work.events if event.stage == RECOGNISER and event.kind == "speculative"]
        if not told:
            return EndPoints(final, None, None, None, perceived)
        lead = float(work.endpoint_ms - told[-1].time_ms)
        return EndPoints(final, None if final is None else final - lead, lead, len(told) - 1, perceived)


@dataclass(frozen=True, slots=True)
class EndPointColumns:
    """Of many utterances; None where a value does not apply.

    Attributes:
        final_p50_ms, final_p90_ms: of the final end-points that cut nothing early (EP50, EP90).
        speculative_p50_ms: of the speculative ones of those utterances.
        reset_share: utterances in which words that were told were taken back.
        perceived_p50_ms: true end of speech to a result of the work that follows the words.
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
    perceived = [ends.perceived_ms for ends, latency in kept if latency and ends.perceived_ms is not None]
    return EndPointColumns(
        final_p50_ms=_of(finals, 50),
        final_p90_ms=_of(finals, 90),
        speculative_p50_ms=_of(told, 50),
        reset_share=sum(resets) / len(resets) if resets else None,
        perceived_p50_ms=_of(perceived, 50),
    )


def _of(values: Sequence[float], percent: float) -> float | None:
    return percentile(values, percent) if values else None
