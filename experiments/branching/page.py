"""The page of the study: tables, and what they say in words made from their own numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from azsim.report.columns import interval
from azsim.speech.features import STEP_MS
from azsim.train.recipe_file import load_recipe
from experiments.branching.cases import REFERENCES
from experiments.branching.device import MEMORIES, SWAPPED, MeasuredCase
from experiments.branching.rows import BranchingResult

WORDS_HEAD = (
    "| case | 10⁶ products/s | saved % | large steps % | in speech / else % | switches/s | KiB "
    "| WER synthetic % | difference | WER real % | difference |\n|:--|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
)
DEVICE_HEAD = (
    "| case | memory | MiB | DRAM | resident KiB | DRAM MB/s | swaps/s | busy % | end-point to words ms (p90) "
    "| premature end-points "
    "| user-perceived ms | backlog ms | deadline misses % |\n|:--|:--|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
)
PARTS = ("percent", "low", "high")


def words_table(rows: Sequence[BranchingResult]) -> str:
    """One line per case."""
    lines = []
    for row in rows:
        gaps = [
            ""
            if row.case in REFERENCES.values()
            else interval(*(getattr(row, f"difference_{kind}_{part}") for part in PARTS))
            for kind in ("synthetic", "real")
        ]
        rates = [interval(*(getattr(row, f"wer_{kind}_{part}") for part in PARTS)) for kind in ("synthetic", "real")]
        lines.append(
            f"| {row.case} | {row.mega_products_per_s:.1f} | {row.saved_percent:.0f} | {row.large_percent:.0f} "
            f"| {row.large_in_speech_percent:.0f} / {row.large_outside_percent:.0f} | {row.switches_per_s:.1f} "
            f"| {row.stored_bytes / 1024:.0f} | {rates[0]} | {gaps[0]} | {rates[1]} | {gaps[1]} |"
        )
    return WORDS_HEAD + "\n".join(lines) + "\n"


def device_table(measured: Sequence[MeasuredCase]) -> str:
    """One line per case and device."""
    lines = [
        f"| {m.case} | {m.memory} | {m.sram_mib:g} | {m.dram_share:g} | {m.resident_bytes / 1024:.0f} "
        f"| {m.dram_mb_per_s:.1f} | {m.swaps_per_s:.1f} | {m.busy_percent:.1f} | {m.wait_ms:.2f} ({m.wait_p90_ms:.2f}) "
        f"| {m.early_cut} of {m.utterances} | {_known(m.latency_ms)} | {m.backlog_ms:.2f} | {m.late_percent:.1f} |"
        for m in measured
    ]
    return DEVICE_HEAD + "\n".join(lines) + "\n"


def _known(latency_ms: float) -> str:
    return "–" if math.isnan(latency_ms) else f"{latency_ms:.0f}"


def said(
    rows: Sequence[BranchingResult], trained: Sequence[MeasuredCase], production: Sequence[MeasuredCase]
) -> list[str]:
    """What the numbers say, one item each."""
    by_case = {row.case: row for row in rows}
    items = []
    for row in rows:
        if row.case in REFERENCES.values():
            continue
        reference = by_case[REFERENCES[row.hears]]
        spans = [(row.difference_synthetic_low, row.difference_synthetic_high, "synthetic"),
                 (row.difference_real_low, row.difference_real_high, "real")]  # fmt: skip
        verdicts = [
            f"{'more' if low > 0 else 'fewer' if high < 0 else 'no provable change of'} word errors on {kind} speech"
            for low, high, kind in spans
        ]
        items.append(
            f"* {row.case}: {row.saved_percent:.0f} % of the products saved, {' and '.join(verdicts)} "
            f"({row.wer_synthetic_percent:.1f} and {row.wer_real_percent:.1f} % against "
            f"{reference.wer_synthetic_percent:.1f} and {reference.wer_real_percent:.1f} %)."
        )
    at = {(m.case, m.memory, m.sram_mib): m for m in trained}
    swapped = next((mib for memory, mib in MEMORIES if memory == SWAPPED), 0.0)
    for case in dict.fromkeys(m.case for m in trained):
        swap = at.get((case, SWAPPED, swapped))
        if swap and swap.swaps_per_s > 1:
            streamed, planned = at[case, "streamed", 1.0], at[case, "planner", swapped]
            items.append(
                f"* {case}, {swapped:g} MiB, which hold either branch but not both: one branch at a time reads "
                f"{swap.dram_mb_per_s:.1f} MB/s at {swap.swaps_per_s:.1f} swaps a second; streaming both reads "
                f"{streamed.dram_mb_per_s:.1f}, and the planner, which keeps what is asked for most often, "
                f"{planned.dram_mb_per_s:.1f}."
            )
    slow = min((m.dram_share for m in production), default=1.0)
    shown = [m for m in production if m.dram_share == slow]
    if shown:
        listed = "; ".join(f"{m.case} {m.wait_ms:.0f} ms ({m.late_percent:.0f} % of steps late)" for m in shown)
        items.append(f"* Production size with 1/{round(1 / slow)} of the DRAM, end-point to final words: {listed}.")
    return items


def about(rows: Sequence[BranchingResult]) -> str:
    """What was compared."""
    counts = {row.hears: row.recordings for row in rows}
    return (
        "Each encoder layer has a large branch (the recogniser's own) and a small one of low rank that adds up other "
        f"gates for the same cells, so the state is shared; a small LSTM, the arbiter, picks one per {STEP_MS} ms step "
        "(`azsim/train/branches.py`, `azsim/nn/rnnt/branching.py`). Recordings hold a command; streams hold a wake "
        "word and a command, and bifocal gives the wake word to the small branch: the device finds it when it has "
        "ended, so the encoder catches up on it then. "
        f"{' and '.join(f'{count} {kind}' for kind, count in counts.items())}."
    )


def _steps(run: str) -> str:
    """Of a recipe."""
    return f"{load_recipe(run)[1].schedule.steps:,}"


def trust() -> str:
    """What to believe."""
    return (
        f"One seed each, and short fine-tunings ({_steps('branching/careful')} steps; the reference had "
        f"{_steps('control')} of the same kind, which favours it; bifocal had {_steps('branching/bifocal')}, its "
        f"reference {_steps('audio_context/kept')}): small differences between the arbiters are not proven. "
        "Intervals are bootstraps over recordings, over speakers for real people; recordings of real people count "
        "twice, once in noise, as do some of the synthetic ones. Where a wake word ends is the corpus's own mark; a "
        "device has it from its wake-word detector. Products with zero weights do not count; all programs do, up to "
        "the end-point. User-perceived latency, from the true end of speech to the final words, is the median of the "
        "utterances without a premature end-point: the words of the others may be incomplete, so their wait says "
        "nothing. On the device each utterance begins with a wake-up that reloads what is resident, which weighs in "
        "the traffic of so short a time. The production-size network is timed, not trained: its weights "
        "are drawn from the trained network's values, its small branches are as narrow beside its layers as the "
        "trained one's, and it takes the trained network's picks. The arbiter's score leaves the chip; the "
        "CPU's time to start the branch is not charged, as for every other job."
    )
