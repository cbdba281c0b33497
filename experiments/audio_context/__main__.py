"""# The wake word's sound as context: the encoder's state kept after it, or reset

    AZSIM_RUNS=... python -m experiments.audio_context --out reports/audio_context

A stream is a wake word, a pause and a command, in the quiet or with somebody else talking behind it, who is not to be
written down. *Kept*: the encoder hears the whole stream, and labels are asked of its outputs after the wake word.
*Reset*: the network starts where the wake word ends. Two fine-tunings of the base network, equal but for that, each
measured as it was trained (`audio_context/kept`, `audio_context/reset`), and the base network, which never heard a wake
word, both ways; int8 weights and activations, the integer engine. The text is the command alone, in training and here.

Synthetic commands are unseen sentences, half of them by unseen voices; their wake word is "alexa" by the very voice of
the command, by another synthetic voice, or by a real person (voices kept out of training). Real commands are orders of
people whom training did not hear; nobody is recorded saying both "alexa" and an order, so *same voice* there means that
the opening words of another order of the same person stand in for the wake word, and *other voice* is a real "alexa".
The voice behind it says another command or reads a book, all the while or from the end of the wake word on, so many dB
below the command. Differences are kept less reset, pair by pair; 95 % bootstrap intervals over real speakers, and over
synthetic commands with all their streams.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from azsim.nn.rnnt.load import load_network
from azsim.report.columns import interval
from azsim.report.figures.style import COLOURS, WIDTH_INCHES, report_style, write_figure
from azsim.report.page import write_page
from azsim.report.wer import Interval, bootstrap_difference, bootstrap_wer
from azsim.train.command import CORPUS, exit_status, exported
from azsim.train.corpus.wake_streams import QUIET
from azsim.train.recipe_file import load_recipe
from experiments.audio_context.context_cost import cost_of_context
from experiments.options import options_of
from experiments.studies.cells import write_csv
from experiments.studies.hearing import hear
from experiments.studies.runs import finished_corpus, runs_folder, trained
from experiments.studies.streams import BACKGROUNDS, Streams, conditions

NAME = "audio_context"
CODEC, WEIGHT_BITS = "raw", 8
TRAININGS = {"fine-tuned for it": (f"{NAME}/kept", f"{NAME}/reset"), "base": ("base", "base")}
BEHIND = "any voice behind"
TRUST = """## Accuracy

* One training of each kind, of {steps:,} steps, one seed. {learned}Where keeping the state is said to harm, the network
  may not have learned yet. The intervals are those of the streams measured, not of another training.
* The streams are put together from separate recordings: wake word and command are brought to similar levels, and the
  opening words of a real voice come from the same microphone as its order, as they would in a real stream.
* In training, a voice behind stood only beside wake words of the commanding voice. *Other voice* with a voice
  behind was never trained: it tells what happens when somebody else woke the device.
* The base network hears a wake word as a command, and its state is full of it. Its *kept* column says
  what keeping the state does to a network that was not trained for it, and nothing more.
* Real people: few speakers, as estimated from their voices; their intervals are over speakers.
"""


@dataclass(frozen=True)
class ContextResult:
    """A line of the CSV; rates in percent, intervals 95 %.

    Attributes:
        network: as it was trained, or the base network.
        commands: ``synthetic`` or ``real``.
        wake_word: whose.
        background: level of the command over the other voice, ``none`` without one.
        streams, words: how many.
    """

    network: str
    commands: str
    wake_word: str
    background: str
    streams: int
    words: int
    kept_percent: float
    kept_low: float | None
    kept_high: float | None
    reset_percent: float
    reset_low: float | None
    reset_high: float | None
    difference_percent: float
    difference_low: float | None
    difference_high: float | None


def rows_of(streams: Streams, files: Mapping[str, Path]) -> list[ContextResult]:
    """Every condition for every pair of networks that is there, their files by ``files``."""
    rows = []
    for network, pair in TRAININGS.items():
        if not files.keys() >= set(pair):
            continue
        kept, reset = (
            hear(files[run], CODEC, WEIGHT_BITS, 0.0, listening).counts
            for run, listening in zip(pair, (streams.kept, streams.reset), strict=True)
        )
        print(f"{network}: kept {kept[:, 0].sum()} errors, reset {reset[:, 0].sum()}", flush=True)
        for (commands, wake), (of_kind, of_wake) in conditions().items():
            for background in (*BACKGROUNDS, BEHIND):
                chosen = streams.where(of_kind) & streams.where(of_wake) & _with(streams, background)
                if chosen.any():
                    rows.append(_row(network, commands, wake, background, streams, chosen, kept, reset))
    return rows


def _with(streams: Streams, background: str) -> np.ndarray:
    if background == BEHIND:
        return streams.kept.is_noisy
    return streams.where(lambda utterance: utterance.line.background == background)


def _row(
    network: str,
    commands: str,
    wake: str,
    background: str,
    streams: Streams,
    chosen: np.ndarray,
    kept: np.ndarray,
    reset: np.ndarray,
) -> ContextResult:
    clusters = list(itertools.compress(streams.clusters, chosen))
    found: list[Interval | None] = [
        bootstrap_wer(kept[chosen], clusters),
        bootstrap_wer(reset[chosen], clusters),
        bootstrap_difference(kept[chosen], reset[chosen], clusters),
    ]
    values = [part for each in found if each for part in (each.value, each.low, each.high)]
    return ContextResult(network, commands, wake, background, int(chosen.sum()), int(kept[chosen, 1].sum()), *values)


def draw(rows: Sequence[ContextResult]) -> Figure:
    """WER against the level of the voice behind, kept and reset, same voice and other voice."""
    figure = Figure(figsize=(WIDTH_INCHES, 3.8), layout="constrained")
    network = rows[0].network
    for axes, commands in zip(figure.subplots(1, 2), ("synthetic", "real"), strict=True):
        for wake, style in (("same voice", "o-"), ("other voice", "s--")):
            line = [
                row
                for background in BACKGROUNDS
                for row in rows
                if (row.network, row.commands, row.wake_word, row.background) == (network, commands, wake, background)
            ]
            for way, colour, shift in (("kept", COLOURS[0], -0.04), ("reset", COLOURS[3], 0.04)):
                low, value, high = (
                    np.array([getattr(row, f"{way}_{part}") for row in line], np.float64)
                    for part in ("low", "percent", "high")
                )
                place = np.arange(len(line)) + shift * (1 if wake == "same voice" else 2)
                spread = [value - low, high - value]
                label = f"{way}, {wake}"
                axes.errorbar(place, value, spread, fmt=style, color=colour, label=label, capsize=2, elinewidth=0.8)
        axes.set_xticks(range(len(BACKGROUNDS)), ["quiet", *BACKGROUNDS[1:]])
        axes.set(title=f"{commands} commands", xlabel="command over the voice behind it")
        axes.set_ylim(bottom=0)
    figure.axes[0].set_ylabel("word error rate, %")
    figure.axes[0].legend()
    return figure


def markdown(rows: Sequence[ContextResult]) -> str:
    """The tables, one per pair of networks."""
    parts = []
    for network in dict.fromkeys(row.network for row in rows):
        parts.append(
            f"### {network}\n\n"
            "| commands | wake word | voice behind | streams | kept % | reset % | kept less reset % |\n"
            "|:--|:--|:--|--:|--:|--:|--:|"
        )
        parts += [
            f"| {row.commands} | {row.wake_word} | {row.background} | {row.streams} "
            f"| {interval(row.kept_percent, row.kept_low, row.kept_high)} "
            f"| {interval(row.reset_percent, row.reset_low, row.reset_high)} "
            f"| {interval(row.difference_percent, row.difference_low, row.difference_high)} |"
            for row in rows
            if row.network == network
        ]
        parts.append("")
    return "\n".join(parts)


def _left_out(rows: Sequence[ContextResult]) -> str:
    """What the page above speaks of but has no rows for."""
    there = {row.network for row in rows}
    missing = [run for network, pair in TRAININGS.items() if network not in there for run in pair]
    return f"**Not trained yet, and left out below: {', '.join(missing)}.**\n\n" if missing else ""


def findings(rows: Sequence[ContextResult]) -> str:
    """What the rows of the figure's networks show, in words."""
    network = rows[0].network
    found = {(row.commands, row.wake_word, row.background): row for row in rows if row.network == network}
    lines = []
    for commands in ("synthetic", "real"):
        for wake in ("same voice", "other voice"):
            said = [
                f"{place}, {_verdict(found[commands, wake, background])}"
                for place, background in (("in the quiet", QUIET), ("with a voice behind", BEHIND))
                if (commands, wake, background) in found
            ]
            if said:
                lines.append(f"* {network}, {commands} commands, {wake}: {'; '.join(said)}.")
    return "\n".join(lines) + "\n"


def _verdict(row: ContextResult) -> str:
    told = row.difference_low is not None and row.difference_high is not None
    if told and row.difference_high < 0:
        word = "keeping the state helps"
    elif told and row.difference_low > 0:
        word = "keeping the state harms"
    else:
        word = "no difference that can be told from chance"
    share = f", {100 * row.difference_percent / row.reset_percent:+.0f} % of its errors" if row.reset_percent else ""
    return f"{word} ({row.kept_percent:.1f} % against {row.reset_percent:.1f} %{share})"


def trust(rows: Sequence[ContextResult]) -> str:
    """What to believe: how long was trained, and what that did for the network that keeps its state."""
    tuned, base = TRAININGS
    quiet = {
        row.network: row.kept_percent
        for row in rows
        if (row.commands, row.wake_word, row.background) == ("synthetic", "same voice", QUIET)
    }
    learned = ""
    if tuned in quiet and base in quiet:
        learned = (
            f"They took the network that keeps\n  its state from {quiet[base]:.0f} % of the words wrong "
            f"to {quiet[tuned]:.0f} % (synthetic commands, same voice, in the quiet).\n  "
        )
    return TRUST.format(steps=load_recipe(TRAININGS[tuned][0])[1].schedule.steps, learned=learned)


def write(rows: Sequence[ContextResult], cost: str, out: Path) -> None:
    """The report's files."""
    os.makedirs(out, exist_ok=True)
    write_csv(rows, out / f"{NAME}.csv")
    with report_style():
        figure = draw(rows)
        write_figure(figure, NAME, out)
    shown = _left_out(rows) + f"![word error rate]({NAME}.png)\n\n## What it shows\n\n{findings(rows)}"
    page = f"{__doc__}\n{shown}\n## Word errors\n\n{markdown(rows)}\n{cost}\n{trust(rows)}"
    write_page(out, page)


def study(options: argparse.Namespace) -> None:
    """Hear, play and write."""
    files = trained((run for pair in TRAININGS.values() for run in pair), options.runs)
    network = load_network(exported("base", options.runs))
    streams = Streams.load(finished_corpus(options.corpus), network)
    write(rows_of(streams, files), cost_of_context(network, streams), options.out)


def main() -> int:
    """The command line; its exit status."""
    parser = options_of(__package__, __doc__)
    parser.add_argument("--runs", type=Path, default=runs_folder())
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--out", type=Path, default=Path("runs") / NAME)
    options = parser.parse_args()
    return exit_status(lambda: study(options))


if __name__ == "__main__":
    sys.exit(main())
