"""The report's page: one table, what it shows, how far to trust it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from azsim.speech.endpoint import SILENCE_MS
from experiments.availability.requests import AvailabilityExperiment
from experiments.availability.tables import BatteryRow, PathResult

COMMAND = "python -m experiments.availability --out reports/availability"
SHARE = 0.9
"""A share whose accuracy is told."""


def page(
    choice: AvailabilityExperiment, rows: Sequence[PathResult], battery: Sequence[BatteryRow], noise: Path | None
) -> str:
    """README.md."""
    free = [row for row in rows if not row.local_processing]
    shown = [row for row in free if not row.link.endswith("-2s")]
    return f"""# Requests on a link that comes and goes

    {COMMAND}{f" --noise {noise.name}" if noise else ""}

{choice.utterances} utterances of the shipped test speech, each asked once per device, link and path at a random moment
of the link's hour. The device runs "{choice.configuration.name}", the server the same recogniser in float32. No music
plays. Links are made (`experiments/availability/links/README.md`), not measured.

- **device**: the words of the recogniser on the device.
- **cloud**: audio goes up in Opus-sized packets of 20 ms. Without a link they wait; the radio tries again with
  waits that double, after a long outage it opens the connection anew, and some time after the end-point the device
  gives up. The times stand under `[network.retry]` and in `experiments/availability/availability.toml`.
- **hybrid**: both run, and the device's end-point closes the request on both. The device takes the cloud's words if
  they are there by its own or, while there is a link, within `hybrid_wait_ms` of them, and its own words otherwise.

![availability and word errors against the link](availability.svg)

![answers over time](answers.svg)

![energy and bytes by path](energy.svg)

## The table

Latency: true end of speech to the words, of answered requests without a premature end-point. "WER, answered" is of the
words up to the end-point of the answered requests; "WER, all" counts a request without an answer as all words lost.
Energy: what a request adds to the device that listens in silence, the radio included. Further links and
columns are in `availability.csv`.

{_table(shown, choice.within_s)}

## The local-processing setting on

{_private_table([row for row in rows if row.local_processing])}

No byte of audio or features goes up whatever the path: the radio refuses to carry it, so that the cloud alone cannot
answer and says so, and the hybrid is the device.

## What it shows

{_findings(free, choice)}

## The battery

{_battery_table(battery, choice)}

Hours until the battery is empty, listening all the time and asked so often over a steady link. The power while
listening is derived from a product's standby time and includes its whole board. "Requests per charge" says how often
the energy of requests alone would empty the battery.

## Accuracy

- The order of the paths and what an outage does to each follow from stated rules; the rules for trying again, giving up
  and waiting, and the shares of outages in the traces, are assumptions of `incar.toml`, `portable.toml` and
  `azsim/devices/board_spec.py`.
- {choice.utterances} requests per cell: a share of {100 * SHARE:.0f} % is known to about
  {_points(choice.utterances):.0f} points. All paths are asked the same at the same moments, so differences between them
  are known better.
- WER is that of the shipped recogniser on synthetic speech; on `incar` with {_noise(noise)} mixed in at the
  level of its file. Server and device run the same network but for compression, so the paths differ little in words
  while there is a link; a larger model in the cloud would differ more.
- Answers with next to no latency are those of premature end-points: the shipped rule, {SILENCE_MS} ms without a new
  label, with the shipped recogniser. They count as answered, with the words that they have.
- Radio power is a linear model, with the base power on for the whole request if anything was sent. Nothing is charged
  for the modem's tail after it, nor for the search for a link while there is none: both raise the cloud's energy.
"""


def _points(requests: int) -> float:
    """Half the 95 % interval of `SHARE` of so many requests, in points."""
    return 100 * 1.96 * math.sqrt(SHARE * (1 - SHARE) / requests)


def _table(rows: Sequence[PathResult], within_s: Sequence[float]) -> str:
    limits = " | ".join(f"≤ {limit:g} s" for limit in within_s)
    lines = [
        f"| device | link | up % | path | answered % | {limits} | p50 ms | p90 ms | p99 ms | premature end-points % "
        "| WER, answered | WER, all | audio up KiB | energy mJ |",
        "|:--|:--|--:|:--|--:|" + "--:|" * (len(within_s) + 8),
    ]
    lines += [
        f"| {row.device} | {row.link} | {row.up_percent:.0f} | {row.path} | {row.answered_percent:.0f} "
        f"| {' | '.join(f'{share:.0f}' for share in row.within_percent)} "
        f"| {_number(row.latency_p50_ms)} | {_number(row.latency_p90_ms)} | {_number(row.latency_p99_ms)} "
        f"| {_number(row.premature_endpoint_percent)} "
        f"| {_number(row.wer_answered_percent, 1)} | {_number(row.wer_percent, 1)} "
        f"| {row.audio_bytes / 1024:.1f} | {row.above_idle_mj:.0f} |"
        for row in rows
    ]
    return "\n".join(lines)


def _private_table(rows: Sequence[PathResult]) -> str:
    lines = [
        "| device | path | answered % | p50 ms | WER, all | audio up B | other bytes up | what it says |",
        "|:--|:--|--:|--:|--:|--:|--:|:--|",
    ]
    lines += [
        f"| {row.device} | {row.path} | {_number(row.answered_percent)} | {_number(row.latency_p50_ms)} "
        f"| {_number(row.wer_percent, 1)} | {row.audio_bytes:.0f} | {row.control_bytes:.0f} | {row.refused} |"
        for row in rows
    ]
    return "\n".join(lines)


def _battery_table(battery: Sequence[BatteryRow], choice: AvailabilityExperiment) -> str:
    hours = " | ".join(f"hours at {count} per hour" for count in choice.requests_per_hour)
    lines = [
        f"| device | path | energy per request mJ | requests per charge, nothing else | {hours} |",
        "|:--|:--|--:|--:|" + "--:|" * len(choice.requests_per_hour),
    ]
    lines += [
        f"| {row.device} | {row.path} | {row.above_idle_mj:.0f} | {row.requests_per_charge:,.0f} "
        f"| {' | '.join(f'{count:.2f}' for count in row.hours)} |"
        for row in battery
    ]
    return "\n".join(lines)


def _findings(rows: Sequence[PathResult], choice: AvailabilityExperiment) -> str:
    """A line per device, in numbers of the table."""
    steady, worst = rows[0].link, min(rows, key=lambda row: row.up_percent).link
    middle = len(choice.within_s) // 2
    limit = f"{choice.within_s[middle]:g} s"
    lines = []
    for device in dict.fromkeys(row.device for row in rows):
        own, up, down, both = (
            next(row for row in rows if (row.device, row.link, row.path) == (device, link, path))
            for link, path in ((steady, "device"), (steady, "cloud"), (worst, "cloud"), (worst, "hybrid"))
        )
        in_time = {row.path: f"{row.within_percent[middle]:.0f} %" for row in (own, down, both)}
        later_ms = up.latency_p50_ms - own.latency_p50_ms
        lines += [
            f"- `{device}`, link up {down.up_percent:.0f} % of the time ({worst}): within {limit} the cloud answers "
            f"{in_time['cloud']}\n  of the requests ({up.within_percent[middle]:.0f} % on a steady link), the device "
            f"{in_time['device']}, the hybrid {in_time['hybrid']}.",
            f"  The cloud leaves {100 - down.answered_percent:.0f} % without any answer. WER over all requests: cloud "
            f"{down.wer_percent:.0f} %, device {own.wer_percent:.0f} %, hybrid {both.wer_percent:.0f} %.",
            f"  On a steady link a request costs {own.above_idle_mj:.0f} mJ on the device, {up.above_idle_mj:.0f} mJ "
            f"through the cloud, whose words come {later_ms:.0f} ms later (p50).",
        ]
    return "\n".join(lines)


def _number(value: float | None, digits: int = 0) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _noise(noise: Path | None) -> str:
    return f"`{noise.name}`" if noise else "made road noise"
