"""Music and speech on one device: what the music does to the words, and what speech does to the music.

    python -m experiments.echo [--out reports/echo] [--limit N] [--device az1]

The test speech of the main comparison, with the track that plays in the microphone at several levels, with and without
the echo canceller; music underruns and refill latencies of the same runs, and of the same stretches of time without
speech, on the device as it is and with one slow, loaded core and a short ring. Writes echo.csv, figures and README.md.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from azsim.compare.setup import Setup
from azsim.devices.spec import Device
from azsim.report.columns import interval
from azsim.report.figures.style import (
    report_style,
    write_figure,
)
from azsim.report.page import write_page
from azsim.report.percentiles import percentile
from experiments.echo.figures import refills_figure, words_figure
from experiments.echo.measure import TIGHT, EchoCondition, PlayedMusic, measure, tight
from experiments.options import options_of

COMMAND = "python -m experiments.echo --out reports/echo"


def ring_ms(device: Device) -> float:
    """What the ring bridges: all but one of its periods."""
    audio = device.audio
    return 1000 * (audio.periods - 1) * audio.period_frames / audio.playback_rate_hz


def page(conditions: Sequence[EchoCondition], music: Sequence[PlayedMusic], setup: Setup, limit: int | None) -> str:
    """The README."""
    words = []
    for one in conditions:
        row = one.row
        rate = interval(row.wer_percent, row.wer_low_percent, row.wer_high_percent)
        delta = interval(row.wer_delta_percent, row.wer_delta_low_percent, row.wer_delta_high_percent, sign=True)
        erle = f"{np.median(one.erle_db):.1f}" if one.erle_db else ""
        words.append(f"| {one.name} | {rate} | {delta} | {erle} | {100 * one.cpu_share:.1f} |")
    sounds = [
        f"| {one.device} | {'with' if one.speech else 'without'} | {one.seconds / 60:.1f} | {one.underruns} | "
        f"{one.underruns_per_hour:.1f} | "
        + " | ".join(f"{percentile(one.refills_ms, percent):.2f}" for percent in (50, 99, 100))
        + " |"
        for one in music
    ]
    experiment = setup.experiment
    return f"""# Music and speech on one device

    {COMMAND}{f" --limit {limit}" if limit else ""}

{len(setup.utterances)} utterances of the test speech, configuration `{experiment.configuration[0].name}`, device
`{setup.device.name}`, track `{setup.music.name}` ({setup.music.codec}, {setup.music.kbps:.0f} kb/s). `echo.csv` holds
both tables.

## What the music does to the words

The track, decoded, from the very position at which the device plays it during the utterance, through one drawn room
response, so much louder or softer than the speech at the microphone. WER with its 95 % interval; the difference to
hearing no music, paired by utterance; ERLE: how far the canceller brings the echo down while someone speaks, median
over the utterances; busy share of the cores.

| heard | WER, % | difference | ERLE, dB | cores busy, % |
|:--|--:|--:|--:|--:|
{chr(10).join(words)}

![WER against the level of the echo](words.svg)

{_words_shown(conditions)}

## What speech does to the music

The runs with the echo at +0 dB, cancelled: periods for which the DAC found no sample, and how long a packet takes from
room in the ring to its samples there; then the same music from the same moments for as long, and nobody speaks. *One
slow core*: at {tight(setup.device).cpu.clock_mhz:g} MHz, 40 % busy with other applications in jobs of 2 ms, and a ring
of two periods of {TIGHT["period_frames"]} frames. *No priorities*: there, every job waits for all that came before it.

| device | speech | minutes | underruns | per hour | refill p50, ms | p99 | largest |
|:--|:--|--:|--:|--:|--:|--:|--:|
{chr(10).join(sounds)}

![refill latencies](refills.svg)

{_music_shown(music)}

## Accuracy

The words are real: features of the mixed and cancelled sound through the integer network. The echo path is linear and
does not move, and the loudspeaker does not distort: a product's canceller sees less of its echo go. The recogniser was
trained with little music below the speech. Underruns follow from the ring, the cores' scheduler and the network's
delays; the load of other applications is `assumed`.
"""


def _words_shown(conditions: Sequence[EchoCondition]) -> str:
    quiet, loud, cancelled = conditions[0].row, conditions[-2], conditions[-1]
    return (
        f"Music that is {loud.level_db:g} dB above the speech takes WER from {quiet.wer_percent:.1f} % to "
        f"{loud.row.wer_percent:.1f} %; with the canceller it is {cancelled.row.wer_percent:.1f} %."
    )


def _music_shown(music: Sequence[PlayedMusic]) -> str:
    counts = {(one.device, one.speech): one.underruns for one in music}
    return (
        "Underruns with speech against without: "
        + "; ".join(
            f"{name} {counts[name, True]} against {counts[name, False]}"
            for name in dict.fromkeys(one.device for one in music)
        )
        + "."
    )


def write_csv(conditions: Sequence[EchoCondition], music: Sequence[PlayedMusic], path: Path) -> None:
    """Columns table, name, metric, value: one number a line."""
    lines: list[tuple[str, str, str, float]] = []
    for one in conditions:
        keys = ("wer_percent", "wer_low_percent", "wer_high_percent", "wer_delivered_percent", "wer_delta_percent")
        keys += ("wer_delta_low_percent", "wer_delta_high_percent", "underruns", "deadline_misses", "latency_p50_ms")
        known = asdict(one.row)
        lines += [("words", one.name, key, known[key]) for key in keys if known.get(key) is not None]
        if one.erle_db:
            lines.append(("words", one.name, "erle_median_db", float(np.median(one.erle_db))))
        lines.append(("words", one.name, "cpu_busy_share", one.cpu_share))
    for each in music:
        name = f"{each.device}, {'with' if each.speech else 'without'} speech"
        lines += [("music", name, "seconds", each.seconds), ("music", name, "underruns", each.underruns)]
        for percent in (50, 90, 99, 100):
            lines.append(("music", name, f"refill_p{percent}_ms", percentile(each.refills_ms, percent)))
    with open(path, "w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(["table", "name", "metric", "value"])
        table.writerows([(*keys, f"{value:.6g}") for *keys, value in lines])


def main() -> None:
    """Hear, play, draw, write."""
    options = options_of(__package__, __doc__)
    options.add_argument("--out", type=Path, default=Path("runs") / "echo")
    options.add_argument("--limit", type=int, help="so many utterances, evenly spread")
    options.add_argument("--device", default="az1")
    chosen = options.parse_args()
    conditions, music, setup = measure(chosen.device, chosen.limit)
    out: Path = chosen.out
    out.mkdir(parents=True, exist_ok=True)
    write_csv(conditions, music, out / "echo.csv")
    short = ring_ms(tight(setup.device))
    rings_ms = {one.device: short if one.device != setup.device.name else ring_ms(setup.device) for one in music}
    with report_style():
        for name, figure in (("words", words_figure(conditions)), ("refills", refills_figure(music, rings_ms))):
            write_figure(figure, name, out)
    write_page(out, page(conditions, music, setup, chosen.limit))


if __name__ == "__main__":
    main()
