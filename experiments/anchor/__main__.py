"""# Real speakers, beside a recogniser of another make

    AZSIM_DATA=... python -m experiments.anchor --out reports/anchor

Coffee orders of speakers that training never heard, in the quiet and in the noise of a kitchen, 12 and 6 dB below the
speech: our networks in the integer engine (those without a codec in float), and pocketsphinx, whose US English voice
model learned from real people, under a trigram of the very coffee orders that our recogniser was trained on. Some of
our networks heard the first minute of the kitchen in training, as the table says; what is measured comes after it.
Every recogniser hears the same samples: whole recordings, which hold some seconds of silence or noise before and after
the order, and "opened" ones, as after a wake word, from 0.5 s before the order to 0.7 s after it. Slots are read from
the words (`experiments/studies/orders.py`): a slot is right if its value is, and one that nobody asked for is wrong.
95 % bootstrap intervals by speaker; differences are paired with pocketsphinx.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from azsim.report.figures.style import COLOURS, MARKERS, WIDTH_INCHES, report_style, write_figure
from azsim.report.page import write_page
from azsim.report.wer import Interval, bootstrap_difference, bootstrap_wer, count_errors
from azsim.resources import data_folder
from azsim.speech.features import log_mel
from azsim.train.command import CORPUS, exit_status
from azsim.train.data import REAL_TRAIN, TRAIN, complete_folders, load_utterances, of_splits
from azsim.train.publish import calibration_features
from experiments.anchor import sphinx
from experiments.anchor.networks import AnchorNetwork, RecogniserTranscripts
from experiments.anchor.recordings import HearingCondition, Orders
from experiments.options import options_of
from experiments.studies.cells import interval_cell
from experiments.studies.hearing import ListeningTest
from experiments.studies.orders import count_slots
from experiments.studies.runs import finished_corpus, runs_folder

CONDITIONS = (
    HearingCondition("quiet"),
    HearingCondition("12 dB", 12.0),
    HearingCondition("6 dB", 6.0),
    HearingCondition("opened, 12 dB", 12.0, is_opened=True),
    HearingCondition("opened, 6 dB", 6.0, is_opened=True),
)
OPENED = np.array([condition.is_opened for condition in CONDITIONS])
ANCHOR = "pocketsphinx"
NETWORKS = ("rnnt-teacher", "rnnt-student:raw:8:0", "rnnt-5bit-50:zvsv:5:0.5")
TRAINED = ("control:raw:8:0", "teacher_noisy")
"""Heard where they are trained: the recogniser without the louder noise, and the teacher with it."""
DOMAIN = "coffee"
TRUST = """## Accuracy

- Transcripts were made by pocketsphinx itself under a grammar, so its word error rate flatters it; slots are the labels
  of the source and the fairer measure.
- Pocketsphinx may say nothing but coffee orders; ours may say anything and knows a smart speaker's domain as well, into
  which noise before the order leads it.
- Pocketsphinx normalises each recording as a whole, which a device that answers at once cannot do.
- One recording of a kitchen, of which some of ours know the first minute, few speakers: read the intervals, and do
  not call it robustness to noise at large. Noise is set against the speech between its first and last loud moment;
  other ways to say decibels differ by several."""
COLUMNS = (
    "recogniser", "model_bytes", "heard_kitchen", "condition", "recordings", "wer_percent", "wer_low", "wer_high",
    "slots_right_percent", "slots_right_low", "slots_right_high", "orders_right_percent", "wer_less_anchor",
    "wer_less_anchor_low", "wer_less_anchor_high",
)  # fmt: skip


@dataclass(frozen=True)
class RecogniserResult:
    """One recogniser under one condition; rates in percent, intervals 95 %."""

    recogniser: str
    model_bytes: int | None
    heard_kitchen: str
    condition: str
    recordings: int
    wer: Interval
    slots_right: Interval
    orders_right_percent: float
    less_anchor: Interval | None

    def cells(self) -> tuple[object, ...]:
        """As ``COLUMNS`` names them."""
        wer, right, less = self.wer, self.slots_right, self.less_anchor or Interval(float("nan"), None, None)
        return (
            self.recogniser, self.model_bytes, self.heard_kitchen, self.condition, self.recordings,
            wer.value, wer.low, wer.high,
            right.value, right.low, right.high, self.orders_right_percent, less.value, less.low, less.high,
        )  # fmt: skip


def anchored(sounds: Sequence[np.ndarray], texts: Sequence[str], kept: Path) -> list[str]:
    """What pocketsphinx hears, kept for the next time."""
    digest = hashlib.sha256("\n".join(texts).encode())
    for sound in sounds:
        digest.update(sound.tobytes())
    path = kept / f"{ANCHOR}-{digest.hexdigest()[:16]}.json"
    if path.exists():
        return json.loads(path.read_text(encoding="utf-8"))
    heard = []
    for text in sphinx.hear(sounds, texts):
        heard.append(text)
        print(f"\r{ANCHOR}: {len(heard)} of {len(sounds)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    path.write_text(json.dumps(heard), encoding="utf-8")
    return heard


def rows_of(heard: Sequence[RecogniserTranscripts], orders: Orders) -> list[RecogniserResult]:
    """Rates of every recogniser under every condition; the first is what the others are compared with."""
    rows = []
    for each in heard:
        for condition, texts, anchors in zip(CONDITIONS, each.texts, heard[0].texts, strict=True):
            errors, slots = count_errors(orders.texts, texts), count_slots(orders.slots, texts)
            wrong = bootstrap_wer(slots, orders.speakers)
            right = Interval(100 - wrong.value, *(None if b is None else 100 - b for b in (wrong.high, wrong.low)))
            baseline = count_errors(orders.texts, anchors)
            less = None if each is heard[0] else bootstrap_difference(errors, baseline, orders.speakers)
            whole = 100 * float((slots[:, 0] == 0).mean())
            wer = bootstrap_wer(errors, orders.speakers)
            about = each.name, each.model_bytes, each.heard_kitchen, condition.name, len(texts)
            rows.append(RecogniserResult(*about, wer, right, whole, less))
    return rows


def markdown(rows: Sequence[RecogniserResult]) -> str:
    """The table of the report."""
    lines = [
        "| recogniser | heard the kitchen | bytes | condition | WER % | less pocketsphinx | slots right % "
        "| orders right % |",
        "|:--|:--|--:|:--|--:|--:|--:|--:|",
    ]
    for row in rows:
        size = "" if row.model_bytes is None else f"{row.model_bytes:,}"
        lines.append(
            f"| {row.recogniser} | {row.heard_kitchen} | {size} | {row.condition} "
            f"| {interval_cell(row.wer)} | {interval_cell(row.less_anchor)} | {interval_cell(row.slots_right)} "
            f"| {row.orders_right_percent:.0f} |"
        )
    return "\n".join(lines) + "\n"


def plain_words(rows: Sequence[RecogniserResult]) -> str:
    """What the figures say, condition by condition, and how far to trust them."""
    lines = ["## What it shows", ""]
    for condition in (each.name for each in CONDITIONS):
        anchor, *ours = [row for row in rows if row.condition == condition]
        least, most = (f(ours, key=lambda row: row.slots_right.value) for f in (min, max))
        lines.append(
            f"- {condition}: pocketsphinx hears {anchor.slots_right.value:.0f} % of the slots, ours from "
            f"{least.slots_right.value:.0f} % by {least.recogniser} to {most.slots_right.value:.0f} % by "
            f"{most.recogniser}"
        )
    return "\n".join([*lines, "", TRUST, ""])


def draw(rows: Sequence[RecogniserResult], out: Path) -> None:
    """WER and slots by condition, one line per recogniser."""
    panels = {"word error rate, %": lambda row: row.wer, "slots right, %": lambda row: row.slots_right}
    names = list(dict.fromkeys(row.recogniser for row in rows))
    with report_style():
        figure = Figure(figsize=(WIDTH_INCHES, 4.2), layout="constrained")
        for axes, (title, measure) in zip(figure.subplots(1, 2), panels.items(), strict=True):
            for index, name in enumerate(names):
                found = [measure(row) for row in rows if row.recogniser == name]
                at = np.arange(len(found)) + 0.06 * (index - (len(names) - 1) / 2)
                values, low, high = np.array([(each.value, each.low, each.high) for each in found], float).T
                style = {"color": COLOURS[index % len(COLOURS)], "marker": MARKERS[index % 8], "capsize": 2}
                for here, label in ((~OPENED, name), (OPENED, None)):
                    arms = (values - low)[here], (high - values)[here]
                    axes.errorbar(at[here], values[here], arms, label=label, **style)
            axes.set(title=title, ylim=(0, None if "error" in title else 100))
            axes.set_xticks(range(len(CONDITIONS)), [each.name.replace(", ", "\n") for each in CONDITIONS])
        figure.axes[1].legend(loc="lower left")
        write_figure(figure, "anchor", out)


def run(options: argparse.Namespace) -> None:
    """Hear, count and write."""
    data = data_folder("barista/ and noise/")
    there = [each for each in TRAINED if (options.runs / each.split(":")[0] / "final.safetensors").exists()]
    networks = options.networks or (*NETWORKS, *there)
    choices = [AnchorNetwork.of(given, options.runs) for given in networks]
    corpus = finished_corpus(options.corpus)
    kept = options.runs / "anchor"
    for folder in (kept, options.out):
        folder.mkdir(parents=True, exist_ok=True)
    splits = load_utterances(corpus, complete_folders(corpus))
    spoken = [u.line.text for u in of_splits(splits, (TRAIN, REAL_TRAIN)) if u.line.domain == DOMAIN]
    orders = Orders.load(data)
    sounds = [orders.heard(condition) for condition in CONDITIONS]
    heard = [RecogniserTranscripts(ANCHOR, None, "no", [anchored(each, spoken, kept) for each in sounds])]
    real = np.ones(len(orders.texts), bool)
    calibration = calibration_features(splits)
    listenings = [
        ListeningTest([log_mel(s) for s in each], orders.texts, orders.speakers, real, ~real, calibration)
        for each in sounds
    ]
    heard += [choice.hear(listenings, kept) for choice in choices]
    rows = rows_of(heard, orders)
    with (options.out / "anchor.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(row.cells() for row in rows)
    draw(rows, options.out)
    of = f"{len(orders.texts)} recordings of {len(set(orders.speakers))} speakers"
    of += f"; {len(spoken):,} orders in the trigram. Networks (`--networks`): `{' '.join(networks)}`."
    text = f"{__doc__}\n{of}\n\n![word error rate and slots](anchor.png)\n\n{plain_words(rows)}\n{markdown(rows)}"
    write_page(options.out, text)


def main() -> int:
    """The command; its exit status."""
    parser = options_of(__package__, __doc__)
    parser.add_argument(
        "--networks",
        nargs="+",
        metavar="NAME[:CODEC:BITS:ZEROS]",
        help="a run, a model or a path each, in float if the name stands alone "
        f"(default: {' '.join(NETWORKS)}, and {' '.join(TRAINED)} where they are trained)",
    )
    runs = runs_folder()
    parser.add_argument("--runs", type=Path, default=runs, help=f"where networks were trained (default: {runs})")
    parser.add_argument("--corpus", type=Path, default=CORPUS, help=f"that training reads (default: {CORPUS})")
    out = Path("runs/anchor")
    parser.add_argument("--out", type=Path, default=out, help=f"where the report goes (default: {out})")
    options = parser.parse_args()
    return exit_status(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
