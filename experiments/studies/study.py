"""A study: cases heard, compared in pairs, written as a table, a CSV and a figure."""

from __future__ import annotations

import csv
import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from azsim.report.columns import interval
from azsim.report.figures.style import COLOURS, MARKERS, WIDTH_INCHES, report_style, write_figure
from azsim.report.page import write_page
from azsim.report.wer import Interval, bootstrap_difference, bootstrap_wer
from azsim.train.command import CORPUS, exit_status
from experiments.options import options_of
from experiments.studies.cells import write_csv
from experiments.studies.figures import draw_intervals
from experiments.studies.findings import Shown, settings_of
from experiments.studies.hearing import SNR_DB, ListeningTest, StudyTranscripts, hear
from experiments.studies.runs import finished_corpus, runs_folder, trained

FLOAT = "fp32"  # a line that is a level of comparison and no place on the axis
HEADINGS = (
    "| case | bits | zeros | bytes | bits/weight | s/step | WER synthetic % | WER real % | against | difference % |\n"
    "|:--|--:|--:|--:|--:|--:|--:|--:|:--|--:|\n"
)


@dataclass(frozen=True)
class Case:
    """One network as it is heard.

    Attributes:
        label: its name in the table; cases of one ``line`` are joined in the figure.
        line: the way it was trained.
        run: recipe or model.
        codec: of the device; None for float.
        weight_bits, sparsity: of the compression.
        against: label of the case that it is paired with.
    """

    label: str
    line: str
    run: str
    codec: str | None
    weight_bits: int = 8
    sparsity: float = 0.0
    against: str = ""


@dataclass(frozen=True)
class StudyResult:
    """A line of the CSV; rates in percent, intervals 95 %."""

    label: str
    line: str
    run: str
    codec: str
    weight_bits: int
    sparsity: float
    model_bytes: int
    bits_per_weight: float
    seconds_per_step: float | None
    wer_synthetic_percent: float
    wer_synthetic_low: float | None
    wer_synthetic_high: float | None
    wer_real_percent: float
    wer_real_low: float | None
    wer_real_high: float | None
    against: str
    difference_percent: float | None
    difference_low: float | None
    difference_high: float | None


def seconds_per_step(run: Path) -> float | None:
    """Of a run, from its curve; None without one."""
    curve = run / "curve.csv"
    if not curve.exists():
        return None
    with curve.open(newline="") as file:
        last = list(csv.DictReader(file))[-1]
    return 60 * float(last["minutes"]) / int(last["step"])


def rows_of(cases: Sequence[Case], listening: ListeningTest, paths: Mapping[str, Path]) -> list[StudyResult]:
    """Hear every case whose run is there, its network's file by ``paths``."""
    heard: dict[str, StudyTranscripts] = {}
    rows = []
    for case in cases:
        if case.run not in paths:
            continue
        path = paths[case.run]
        found = heard[case.label] = hear(path, case.codec, case.weight_bits, case.sparsity, listening)
        synthetic, real = (_rate(found.counts, listening, which) for which in (~listening.is_real, listening.is_real))
        difference = None
        if case.against in heard:
            both = found.counts, heard[case.against].counts
            difference = bootstrap_difference(*both, listening.clusters)
        rows.append(_row(case, found, seconds_per_step(path.parent), synthetic, real, difference))
        print(f"{case.label}: synthetic {synthetic.value:.2f} %, real {real.value:.2f} %", flush=True)
    return rows


def _rate(counts: np.ndarray, listening: ListeningTest, which: np.ndarray) -> Interval:
    clusters = list(itertools.compress(listening.clusters, which))
    return bootstrap_wer(counts[which], clusters) or Interval(float("nan"), None, None)


def _row(
    case: Case,
    heard: StudyTranscripts,
    step_s: float | None,
    synthetic: Interval,
    real: Interval,
    difference: Interval | None,
) -> StudyResult:
    return StudyResult(
        case.label, case.line, case.run, case.codec or "float", case.weight_bits, case.sparsity, heard.model_bytes,
        8 * heard.model_bytes / heard.weights, step_s,
        synthetic.value, synthetic.low, synthetic.high, real.value, real.low, real.high,
        case.against if difference else "",
        *((difference.value, difference.low, difference.high) if difference else (None, None, None)),
    )  # fmt: skip


def markdown(rows: Sequence[StudyResult]) -> str:
    """The table of a report."""
    lines = []
    for row in rows:
        step = "" if row.seconds_per_step is None else f"{row.seconds_per_step:.2f}"
        synthetic = interval(row.wer_synthetic_percent, row.wer_synthetic_low, row.wer_synthetic_high)
        real = interval(row.wer_real_percent, row.wer_real_low, row.wer_real_high)
        gap = interval(row.difference_percent, row.difference_low, row.difference_high) if row.against else ""
        lines.append(
            f"| {row.label} | {row.weight_bits} | {row.sparsity:.0%} | {row.model_bytes:,} | {row.bits_per_weight:.2f} "
            f"| {step} | {synthetic} | {real} | {row.against} | {gap} |"
        )
    return HEADINGS + "\n".join(lines) + "\n"


def curves(rows: Sequence[StudyResult], along: str, name: str, out: Path) -> None:
    """WER against a column, one line per way of training, synthetic beside real."""
    with report_style():
        figure = Figure(figsize=(WIDTH_INCHES, 3.6), layout="constrained")
        panels = figure.subplots(1, 2, sharey=True)
        for axes, kind in zip(panels, ("synthetic", "real"), strict=True):
            for index, line in enumerate(dict.fromkeys(row.line for row in rows)):
                points = sorted((getattr(r, along), getattr(r, f"wer_{kind}_percent")) for r in rows if r.line == line)
                colour, marker = COLOURS[index % len(COLOURS)], MARKERS[index % 8]
                if line == FLOAT and along != "model_bytes":
                    axes.axhline(points[0][1], color=colour, linestyle="--", linewidth=1, label=line)
                else:
                    is_curve = along != "model_bytes" and len({x for x, _ in points}) == len(points)
                    style = "-" if is_curve else "none"
                    axes.plot(*zip(*points, strict=True), color=colour, marker=marker, linestyle=style, label=line)
            axes.set(title=f"{kind} speech", xlabel=along.replace("_", " "), yscale="log")
            for ticks in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
                ticks("{x:g}")
            if along == "model_bytes":
                axes.set(xscale="log", xlabel="size, KiB")
                axes.xaxis.set_major_locator(LogLocator(2, subs=(1.0,), numticks=8))
                axes.xaxis.set_major_formatter(lambda size, place: f"{size / 1024:,.0f}")
                axes.xaxis.set_minor_formatter(NullFormatter())
        panels[0].set_ylabel("word error rate, %")
        panels[1].legend()
        write_figure(figure, name, out)


def _panels(rows: Sequence[StudyResult]) -> dict[str, list[tuple[float, float | None, float | None]]]:
    return {
        "synthetic speech": [(r.wer_synthetic_percent, r.wer_synthetic_low, r.wer_synthetic_high) for r in rows],
        "real speech": [(r.wer_real_percent, r.wer_real_low, r.wer_real_high) for r in rows],
    }


def main(
    name: str,
    about: str,
    shown: Shown,
    cases: Sequence[Case],
    along: str | None,
    more: Sequence[Callable[[Sequence[StudyResult], Path, Path], str]] = (),
) -> int:
    """The command line of a study; its exit status.

    Args:
        name: of the report's files.
        about: what the report says before its table: the question, and how it is asked.
        shown: and what the table answers, from its rows.
        cases: what is heard.
        along: column of the figure's horizontal axis; None to draw the cases one below the other.
        more: what is shown besides, each from the rows, the folder of runs and the report's folder; its text is added.
    """
    parser = options_of(f"experiments.{name}", about)
    parser.add_argument("--runs", type=Path, default=runs_folder())
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--out", type=Path, default=Path("runs") / name)
    options = parser.parse_args()

    def work() -> None:
        paths = trained((case.run for case in cases), options.runs)
        rows = rows_of(cases, ListeningTest.load(finished_corpus(options.corpus)), paths)
        missing = sorted({case.run for case in cases} - paths.keys())
        os.makedirs(options.out, exist_ok=True)
        write_csv(rows, options.out / f"{name}.csv")
        if along is None:
            draw_intervals([row.label for row in rows], _panels(rows), name, options.out)
        else:
            curves(rows, along, name, options.out)
        said = shown(rows)
        text = f"{about}\n{settings_of(cases, rows, SNR_DB)}\n\n"
        text += (f"**What it shows.** {said}\n\n" if said else "") + markdown(rows)
        text += f"\n![word error rate]({name}.png)\n"
        if missing:
            text += f"\nNot trained, so left out: {', '.join(f'`{run}`' for run in missing)}.\n"
        text += "".join(f"\n{each(rows, options.runs, options.out)}" for each in more)
        write_page(options.out, text)

    return exit_status(work)
