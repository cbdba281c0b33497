"""What one timeline says in the units of a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from azsim.deprecated import renamed
from azsim.report.end_points import EndPoints

LATENCY_PARTS = ("end_pointing", "backlog", "npu", "search", "network")
"""What lies between the true end of speech and the final words, in order."""


@renamed("0.2.0", "0.3.0", early_cut="premature_endpoint", companions_late="companions_deadline_misses")
@dataclass(frozen=True, slots=True)
class UtteranceTiming:
    """What one timeline says in the units of a report.

    Attributes:
        heard_ms: audio from the first sample to the end-point.
        elapsed_ms: from the first sample to the final result.
        latency_parts_ms: ``LATENCY_PARTS`` -> true end of speech to final words, split; None if nothing was recognised,
            or if that end is not known or came after the end-point.
        first_word_ms: start of speech to the first word shown; None if there was none or the start is not known.
        premature_endpoint: words were recognised after the end-point, so that they are missing from the result; None if
            that cannot be told.
        busy_ms: engine -> busy time.
        dram_bytes: client -> bytes read and written.
        npu_causes_ms: cause -> time on the critical path of the NPU's jobs.
        energy_mj, energy_idle_mj: part -> from wake to final result, and the same stretch of time without speech.
        refills_ms: of each packet of music, from room in the ring to its samples in it.
        companions_ms: network beside the recogniser -> response time of each run.
        companions_deadline_misses: network -> runs that ended after the next one's release.
        end_points: what the end-pointers did; None where that is not known.
    """

    heard_ms: float
    elapsed_ms: float
    latency_parts_ms: Mapping[str, float] | None
    first_word_ms: float | None
    premature_endpoint: bool | None
    busy_ms: Mapping[str, float]
    dram_bytes: Mapping[str, int]
    uplink_bytes: int
    downlink_bytes: int
    npu_causes_ms: Mapping[str, float]
    energy_mj: Mapping[str, float]
    energy_idle_mj: Mapping[str, float]
    peak_sram_bytes: int
    underruns: int
    deadline_misses: int
    steps: int
    refills_ms: tuple[float, ...] = ()
    companions_ms: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    companions_deadline_misses: Mapping[str, int] = field(default_factory=dict)
    end_points: EndPoints | None = None

    @property
    def latency_ms(self) -> float | None:
        """True end of speech to final words."""
        return None if self.latency_parts_ms is None else sum(self.latency_parts_ms.values())
