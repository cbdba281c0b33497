"""The tables of the report, and the rows of its files."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec import convert

from azsim.errors import InputError
from azsim.report.results import StageCost
from azsim.report.wer import Interval
from experiments.studies.cells import interval_cell
from experiments.turn_taking.costs import ChipShare
from experiments.turn_taking.measure import CAMERAS, NOBODY, USUAL

SOUNDS: tuple[tuple[str, float | None], ...] = (("quiet", None), ("kitchen, 12 dB", 12.0), ("kitchen, 6 dB", 6.0))
SENSES = ("audio", "vision", "fused")
MIXTURES = {"as assumed": (0.25, 0.1), "told by the sound": (0.0, 0.0), "even": (0.5, 0.5)}
"""Shares of orders to somebody else, and of read sentences to the device."""
USUAL_MIXTURE = "as assumed"


@dataclass(frozen=True)
class Sensed:
    """One network under one condition: percent, F1 with its interval."""

    mixture: str
    sound: str
    camera: str
    sense: str
    turns: int
    f1_percent: float
    f1_low: float
    f1_high: float
    taken_percent: float
    false_percent: float
    elsewhere: int
    delay_p50_ms: float


@dataclass(frozen=True)
class CompressedTurns:
    """The fused network under one compression, in the quiet with the usual camera."""

    codec: str
    weight_bits: int
    sparsity: float
    model_bytes: int
    f1_percent: float
    f1_low: float
    f1_high: float


@dataclass(frozen=True)
class Gained:
    """Points of F1 that the fused network has more than one sense, on the same turns, with the interval."""

    over: str
    points: float
    low: float
    high: float


ROWS: Mapping[str, type] = {
    "turns": Sensed, "gains": Gained, "sizes": CompressedTurns, "chip": ChipShare, "stages": StageCost,
}  # fmt: skip
"""File of the report -> what its rows are, in the order in which `markdown` takes them."""


def read_rows(path: Path, kind: type) -> list:
    """The rows of a file that this report wrote.

    Raises:
        InputError: it is not there: that part was never measured.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; run without --only first")
    with path.open(newline="", encoding="utf-8") as stream:
        return [
            convert({key: value or None for key, value in row.items()}, kind, strict=False)
            for row in csv.DictReader(stream)
        ]


def markdown(
    rows: Sequence[Sensed],
    gains: Sequence[Gained],
    small: Sequence[CompressedTurns],
    chip: Sequence[ChipShare],
    stages: Sequence[StageCost],
) -> str:
    """All tables."""
    of = {(row.mixture, row.sound, row.camera, row.sense): row for row in rows}
    usual = USUAL_MIXTURE

    def cell(*key: str) -> str:
        row = of.get(key)
        return "" if row is None else interval_cell(Interval(row.f1_percent, row.f1_low, row.f1_high))

    def audio(mixture: str, sound: str) -> str:
        return cell(mixture, sound, USUAL, "audio")

    fused = of[usual, SOUNDS[0][0], USUAL, "fused"]
    lines = [
        f"## F1 by noise and drop-outs ({fused.turns} turns)",
        "",
        "A quarter of the orders is said to somebody else, a tenth of the read sentences to the device; one turn in "
        "eight is said by nobody in view. The camera's errors are the deviation of its angles, and the share of frames "
        "in which a person is lost.",
        "",
        "| sound | camera | audio only | vision only | fused |",
        "|:--|:--|--:|--:|--:|",
    ]
    for sound, _ in SOUNDS:
        lines += [
            f"| {sound} | {camera} | {audio(usual, sound)} | {cell(usual, sound, camera, 'vision')} "
            f"| {cell(usual, sound, camera, 'fused')} |"
            for camera in (*CAMERAS, NOBODY)
        ]
    points = {each.over: interval_cell(Interval(each.points, each.low, each.high)) for each in gains}
    said = [f"{cell} points over {over} only" for over, cell in points.items()]
    lines += [
        "",
        f"In the quiet with the usual camera the fused network gains {' and '.join(said)}, on the same turns.",
        "",
        "## What F1 owes to the assumption about who says what",
        "",
        "| orders to somebody else, sentences to the device | audio only | vision only | fused |",
        "|:--|--:|--:|--:|",
    ]
    for mixture, (overheard, told) in MIXTURES.items():
        cells = [cell(mixture, SOUNDS[0][0], USUAL, sense) for sense in SENSES]
        lines.append(f"| {overheard:.0%}, {told:.0%} | {' | '.join(cells)} |")
    lines += [
        "",
        "## Follow-ups without the wake word",
        "",
        "In the window after a turn, the usual camera: turns to the device that are taken, other turns that are taken "
        "for such, times that the device answers where nobody spoke, and the median time from the beginning of the "
        "speech to the decision.",
        "",
        "| sound | by | taken % | others taken % | where nobody spoke | decided after ms |",
        "|:--|:--|--:|--:|--:|--:|",
    ]
    for sound, _ in SOUNDS:
        for sense in SENSES:
            row = of[usual, sound, USUAL, sense]
            lines.append(
                f"| {sound} | {sense} | {row.taken_percent:.1f} | {row.false_percent:.1f} | {row.elsewhere} "
                f"| {row.delay_p50_ms:.0f} |"
            )
    lines += [
        "",
        "## Compressed",
        "",
        "The fused network was trained for five bits; the other rows are compressed afterwards.",
        "",
        "| codec | bits | zeros | KiB | F1 |",
        "|:--|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {one.codec} | {one.weight_bits} | {one.sparsity:.0%} | {one.model_bytes / 1024:.1f} "
        f"| {interval_cell(Interval(one.f1_percent, one.f1_low, one.f1_high))} |"
        for one in small
    ]
    lines += [
        "",
        "## On the chip, beside the recogniser",
        "",
        "On `az1`, all four under one residency plan, each alone on the chip while it runs, every 30 ms. Turn-taking "
        "runs in the window after a turn until it has decided. The recogniser's prediction and joint network come on "
        "top, label by label. `experiments/turn_taking/share.toml` has the stage in it, for `azsim compare`.",
        "",
        "| network | weights | bytes | of them resident | cycles a step | NPU share % | DRAM bytes a step |",
        "|:--|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {one.network} | {one.weights:,} | {one.bitstream_bytes:,} | {one.resident_bytes:,} | {one.cycles:,.0f} "
        f"| {one.share_percent:.3f} | {one.fetch_bytes:,.0f} |"
        for one in chip
    ]
    lines += [
        "",
        "Played on the device, shipped test speech, each utterance as a follow-up, with a camera on "
        "the memory; the share is of the time of all utterances. Other stages are left out.",
        "",
        "| in view | stage | NPU share % | CPU ms | DRAM KiB | known after ms (p50) | mJ |",
        "|:--|:--|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {one.config} | {one.stage} | {100 * one.npu_share:.4f} | {one.cpu_ms_per_utterance:.2f} "
        f"| {one.dram_bytes_per_utterance / 1024:.0f} "
        f"| {'' if one.latency_p50_ms is None else f'{one.latency_p50_ms:.2f}'} | {one.energy_mj_per_utterance:.3f} |"
        for one in stages
        if one.stage in ("recogniser", "turn-taking")
    ]
    return "\n".join(lines) + "\n"
