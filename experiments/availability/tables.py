"""From answers to the numbers of the table: availability, latency, word error rate, bytes, energy, battery."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from azsim.report.percentiles import percentile
from azsim.report.wer import count_errors, wer_percent
from experiments.availability.requests import PathOutcome

PS_PER_MS, PJ_PER_MJ = 10**9, 10**9
MJ_PER_MWH = 3600


@dataclass(frozen=True, slots=True)
class PathResult:
    """One device, link and path.

    Attributes:
        up_percent: of the link's time.
        answered_percent: of the requests, at all; then within each limit after the true end of speech.
        latency_p50_ms, latency_p90_ms, latency_p99_ms: true end of speech to words, of the answered requests that no
            end-point cut short.
        premature_endpoint_percent: of the answers: the end-point fired before the true end of speech.
        wer_answered_percent: over the answered requests; ``wer_percent``: over all, a request without an answer
            counting as all its words lost.
        by_cloud_percent: of the answers.
        audio_bytes, control_bytes: sent per request.
        energy_mj, above_idle_mj: per request, first sample to words; the latter less that of the same time without
            speech.
    """

    device: str
    local_processing: bool
    link: str
    up_percent: float
    path: str
    refused: str
    requests: int
    answered_percent: float | None
    within_percent: tuple[float, ...]
    latency_p50_ms: float | None
    latency_p90_ms: float | None
    latency_p99_ms: float | None
    premature_endpoint_percent: float | None
    wer_answered_percent: float | None
    wer_percent: float | None
    by_cloud_percent: float | None
    audio_bytes: float
    control_bytes: float
    energy_mj: float | None
    above_idle_mj: float | None


@dataclass(frozen=True, slots=True)
class BatteryRow:
    """How long a charge lasts on one path, over a steady link.

    ``requests_per_charge``: if the battery did nothing else. ``hours``: at each number of requests per hour.
    """

    device: str
    path: str
    above_idle_mj: float
    requests_per_charge: float
    hours: tuple[float, ...]


def row_of(outcome: PathOutcome, within_s: Sequence[float]) -> PathResult:
    """The numbers of one device, link and path."""
    asked, device = outcome.asked, outcome.device
    answers = [one.answer for one in asked]
    heard = [one for one in asked if one.answer.latency_ps is not None]
    latencies_ms = [one.answer.latency_ps / PS_PER_MS for one in heard if not one.early_cut]
    late_ms = [one.answer.latency_ps / PS_PER_MS for one in heard]
    share = 100 / len(asked) if asked else 0.0
    p50, p90, p99 = (percentile(latencies_ms, percent) if latencies_ms else None for percent in (50, 90, 99))

    def mean(values: Sequence[float]) -> float:
        return float(np.mean(values)) if values else 0.0

    def wer(requests: Sequence) -> float | None:
        if not requests:
            return None
        return wer_percent(count_errors([one.reference for one in requests], [one.text for one in requests]))

    energy = mean([answer.energy_pj for answer in answers]) / PJ_PER_MJ
    idle = mean([answer.energy_idle_pj for answer in answers]) / PJ_PER_MJ
    return PathResult(
        device=device.name,
        local_processing=device.local_processing,
        link=outcome.link.name,
        up_percent=100 * outcome.link.up_share,
        path=outcome.path,
        refused=outcome.refused,
        requests=len(asked),
        answered_percent=share * len(heard) if asked else None,
        within_percent=tuple(share * sum(late <= 1000 * limit for late in late_ms) for limit in within_s),
        latency_p50_ms=p50,
        latency_p90_ms=p90,
        latency_p99_ms=p99,
        premature_endpoint_percent=100 * sum(one.early_cut for one in heard) / len(heard) if heard else None,
        wer_answered_percent=wer(heard),
        wer_percent=wer(asked),
        by_cloud_percent=100 * sum(answer.by == "cloud" for answer in answers) / len(heard) if heard else None,
        audio_bytes=mean([answer.uplink_bytes["audio"] for answer in answers]),
        control_bytes=mean([answer.uplink_bytes["control"] for answer in answers]),
        energy_mj=energy if asked else None,
        above_idle_mj=energy - idle if asked else None,
    )


def battery_rows(
    outcomes: Sequence[PathOutcome], rows: Sequence[PathResult], requests_per_hour: Sequence[int]
) -> list[BatteryRow]:
    """One per device with a battery and path, on the first link; ``rows`` belong to ``outcomes``."""
    found = []
    for outcome, row in zip(outcomes, rows, strict=True):
        battery = outcome.device.battery
        if battery is None or outcome.link.name != outcomes[0].link.name or outcome.device.local_processing:
            continue
        draws_mw = [battery.listening_mw + count * row.above_idle_mj / MJ_PER_MWH for count in requests_per_hour]
        found.append(
            BatteryRow(
                device=row.device,
                path=row.path,
                above_idle_mj=row.above_idle_mj,
                requests_per_charge=battery.capacity_mwh * MJ_PER_MWH / row.above_idle_mj,
                hours=tuple(battery.capacity_mwh / draw for draw in draws_mw),
            )
        )
    return found


def write_csv(rows: Sequence[PathResult], within_s: Sequence[float], path: Path) -> None:
    """One line per row; a column per limit."""
    names = [field.name for field in fields(PathResult)]
    place = names.index("within_percent")
    limits = [f"within_{limit:g}_s_percent" for limit in within_s]
    with open(path, "w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow([*names[:place], *limits, *names[place + 1 :]])
        for row in rows:
            values = list(astuple(row))
            flat = [*values[:place], *values[place], *values[place + 1 :]]
            table.writerow(["" if v is None else f"{v:.6g}" if isinstance(v, float) else v for v in flat])
