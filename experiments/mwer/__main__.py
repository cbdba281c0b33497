"""# Training on the word error rate itself, with and without a label that ends the sentence

    AZSIM_RUNS=... python -m experiments.mwer --out reports/mwer

The base recogniser and four fine-tunings of it of equal steps: the transducer loss alone (`mwer/control`), with the
expected word errors of n-best lists beside it (`mwer/nbest-4`), and both again in a network that says `</s>` at the
end of a sentence, after which nothing more is heard. Integer engine, 8 bits. Every held-out recording counts as it is
and in noise that no training heard; longer synthetic sentences count once again with a pause put into their middle.
"Tail" are the deleted words behind the last one that has a counterpart. Differences are paired; 95 % bootstrap
intervals, by speaker for real people. The oracle is the best hypothesis of a beam search in float.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import itertools
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import jiwer
import numpy as np
import torch
from matplotlib.figure import Figure

from azsim.report.figures.style import COLOURS, WIDTH_INCHES, report_style, write_figure
from azsim.report.page import write_page
from azsim.report.wer import Interval, bootstrap_difference, bootstrap_wer, count_edits, count_errors, normalise
from azsim.train.command import CORPUS, exit_status
from azsim.train.export import load_model
from azsim.train.model import FRAMES_PER_STEP
from azsim.train.nbest import n_best
from azsim.train.recipe_file import load_recipe
from experiments.mwer.pauses import longest_pause_ms, with_pause
from experiments.options import options_of
from experiments.studies.cells import interval_cell
from experiments.studies.hearing import SEED, ListeningTest, digest, hear
from experiments.studies.runs import finished_corpus, runs_folder, trained

BASE = "base"
AGAINST = {
    BASE: "",
    "mwer/control": "",
    "mwer/nbest-4": "mwer/control",
    "mwer/sentence-end-control": "mwer/control",
    "mwer/sentence-end-nbest-4": "mwer/sentence-end-control",
}
LONG_WORDS, LONG_PAUSE_MS, WORDS_FOR_A_PAUSE = 12, 200, 5
ORACLE, BEAM = "real, in noise", 8
DRAWN = ("synthetic, in noise", "synthetic, a pause put in", "real", "real, in noise")
TOLD = ("all", *DRAWN, f"{LONG_WORDS} words and more")
TRUST = """## Accuracy

One run of each kind, one seed: the intervals are those of the recordings, not of the training. {steps} steps are few,
and the label for the end of a sentence is learned from nothing within them.{base} The pauses put in are background of
the same recording and silent; those of real people are short here, since they read their orders, so that slice is
small. Transcripts of the real recordings were made by decoding under a grammar and hold errors of their own."""
KINDS = ("substituted", "deleted", "inserted")
COLUMNS = (
    "run", "recordings_of", "recordings", "words", "substituted", "deleted", "inserted", "deleted_at_the_end",
    "wer_percent", "wer_low", "wer_high", "against", "difference_percent", "difference_low", "difference_high",
)  # fmt: skip


@dataclass(frozen=True)
class SliceResult:
    """One network on some of the recordings; counts of words, rates in percent."""

    run: str
    slice: str
    recordings: int
    edits: np.ndarray
    tail: int
    wer: Interval
    against: str
    difference: Interval | None

    def cells(self) -> tuple[object, ...]:
        """As ``COLUMNS`` names them."""
        gap = self.difference or Interval(float("nan"), None, None)
        substituted, deleted, inserted, words = self.edits.tolist()
        return (
            self.run, self.slice, self.recordings, words, substituted, deleted, inserted, self.tail, self.wer.value,
            self.wer.low, self.wer.high, self.against, gap.value, gap.low, gap.high,
        )  # fmt: skip


def with_pauses(listening: ListeningTest) -> tuple[ListeningTest, np.ndarray]:
    """The recordings and, behind them, synthetic ones with a pause put in; which are those."""
    rng = np.random.default_rng(SEED)
    chosen = [
        i
        for i in np.flatnonzero(~listening.is_real & ~listening.is_noisy)
        if len(listening.references[i].split()) >= WORDS_FOR_A_PAUSE
    ]
    whole = replace(
        listening,
        features=[*listening.features, *(with_pause(listening.features[i], rng) for i in chosen)],
        references=[*listening.references, *(listening.references[i] for i in chosen)],
        clusters=[*listening.clusters, *(listening.clusters[i] for i in chosen)],
        is_real=np.concatenate([listening.is_real, np.zeros(len(chosen), bool)]),
        is_noisy=np.concatenate([listening.is_noisy, np.zeros(len(chosen), bool)]),
    )
    return whole, np.arange(len(whole.references)) >= len(listening.references)


def slices(listening: ListeningTest, paused: np.ndarray) -> dict[str, np.ndarray]:
    """Which recordings count together: name -> bool ``(recordings,)``."""
    real, noisy = listening.is_real, listening.is_noisy
    words = np.array([len(each.split()) for each in listening.references])
    held = np.zeros(len(words), bool)
    for i in np.flatnonzero(real & ~noisy):  # a pause is seen in the quiet; the same recording in noise has it too
        held[[i, i + noisy.sum()]] = longest_pause_ms(listening.features[i]) >= LONG_PAUSE_MS
    return {
        "all": np.ones(len(words), bool),
        "synthetic": ~real & ~noisy & ~paused,
        "synthetic, in noise": ~real & noisy,
        "synthetic, a pause put in": paused,
        "real": real & ~noisy,
        "real, in noise": real & noisy,
        f"{LONG_WORDS} words and more": (words >= LONG_WORDS) & ~paused,
        f"real, a pause of {LONG_PAUSE_MS} ms and more": real & held,
    }


def deleted_at_the_end(reference: str, hypothesis: str) -> int:
    """Words of the reference behind the last one that has a counterpart."""
    said, heard = normalise(reference), normalise(hypothesis)
    if not said:
        return 0
    last = jiwer.process_words(said, heard).alignments[0][-1]
    return last.ref_end_idx - last.ref_start_idx if last.type == "delete" else 0


def rows_of(listening: ListeningTest, paused: np.ndarray, paths: Mapping[str, Path]) -> list[SliceResult]:
    """Every network that is there, its file by ``paths``, on every slice."""
    parts, rows = slices(listening, paused), []
    heard: dict[str, np.ndarray] = {}
    for run, path in paths.items():
        against = AGAINST[run]
        found = hear(path, "raw", 8, 0.0, listening)
        heard[run] = found.counts
        edits = count_edits(listening.references, found.texts)
        pairs = zip(listening.references, found.texts, strict=True)
        tails = np.array([deleted_at_the_end(reference, text) for reference, text in pairs])
        for name, here in parts.items():
            clusters = list(itertools.compress(listening.clusters, here))
            gap = None
            if against in heard:
                gap = bootstrap_difference(found.counts[here], heard[against][here], clusters)
            wer = bootstrap_wer(found.counts[here], clusters)
            row = SliceResult(
                run, name, int(here.sum()), edits[here].sum(axis=0), int(tails[here].sum()), wer, against, gap
            )
            rows.append(row)
        print(f"{run}: {bootstrap_wer(found.counts, listening.clusters).value:.2f} %", flush=True)
    return rows


def oracle(path: Path, features: list[np.ndarray], references: list[str]) -> tuple[float, float]:
    """WER in percent of the best hypothesis by score, and of the best by errors, of a beam search in float."""
    key = hashlib.sha256(path.read_bytes() + f"{BEAM} {digest(features)}".encode()).hexdigest()
    kept = path.parent / f"oracle-{key[:16]}.json"
    if kept.exists():
        return tuple(json.loads(kept.read_text()))
    model, normaliser, pieces, _ = load_model(path)
    model.eval()
    totals = np.zeros((2, 2), np.int64)
    for frames, reference in zip(features, references, strict=True):
        whole = normaliser(frames[: len(frames) // FRAMES_PER_STEP * FRAMES_PER_STEP])
        with torch.no_grad():
            encoded = model.encode(torch.from_numpy(whole[None]))[:, 0]
        texts = [pieces.decode(labels) for labels in n_best(model, encoded, BEAM, pieces.sentence_end)]
        errors = count_errors([reference] * len(texts), texts)
        totals += errors[[0, errors[:, 0].argmin()]]
    rates = tuple((100 * totals[:, 0] / totals[:, 1]).tolist())
    kept.write_text(json.dumps(rates))
    return rates


def markdown(rows: Sequence[SliceResult], oracles: Mapping[str, tuple[float, float]]) -> str:
    """The tables of the report."""
    lines = []
    for name in dict.fromkeys(row.slice for row in rows):
        mine = [row for row in rows if row.slice == name]
        lines += [
            f"\n**{name}**: {mine[0].recordings} recordings, {mine[0].edits[3]:,} words\n",
            "| network | substituted | deleted | of them tail | inserted | WER % | against | difference % |",
            "|:--|--:|--:|--:|--:|--:|:--|--:|",
        ]
        for row in mine:
            substituted, deleted, inserted, _ = row.edits.tolist()
            against = row.against if row.difference else ""
            lines.append(
                f"| {row.run} | {substituted} | {deleted} | {row.tail} | {inserted} "
                f"| {interval_cell(row.wer, 2)} | {against} | {interval_cell(row.difference, 2)} |"
            )
    lines += [
        f"\n**Beam search, {ORACLE}**\n",
        f"| network | best by score, WER % | best of {BEAM}, WER % |",
        "|:--|--:|--:|",
        *(f"| {run} | {best:.2f} | {least:.2f} |" for run, (best, least) in oracles.items()),
    ]
    return "\n".join(lines) + "\n"


def plain_words(rows: Sequence[SliceResult], oracles: Mapping[str, tuple[float, float]]) -> str:
    """What the figures say, pair by pair, and how far to trust them."""
    found = {(row.run, row.slice): row for row in rows}
    lines = ["## What it shows", ""]
    for run, against in AGAINST.items():
        if not against or (run, "all") not in found or (against, "all") not in found:
            continue
        lines.append(f"- **{run}** against {against}:")
        for name in TOLD:
            ours, theirs = found[run, name], found[against, name]
            gap = ours.difference
            is_shown = gap.low is not None and (gap.low > 0 or gap.high < 0)
            said = ("worse" if gap.value > 0 else "better") if is_shown else "no difference is proven"
            lines.append(
                f"  - {name}: deleted words {theirs.edits[1]} to {ours.edits[1]} (at the end {theirs.tail} to "
                f"{ours.tail}), substituted {theirs.edits[0]} to {ours.edits[0]}, "
                f"inserted {theirs.edits[2]} to {ours.edits[2]}; "
                f"WER {theirs.wer.value:.2f} to {ours.wer.value:.2f} % ({interval_cell(gap, 2)}): {said}"
            )
        if run in oracles and against in oracles:
            lines.append(f"  - best of {BEAM}, {ORACLE}: {oracles[against][1]:.2f} to {oracles[run][1]:.2f} %")
    return "\n".join([*lines, "", trust(found), ""])


def trust(found: Mapping[tuple[str, str], SliceResult]) -> str:
    """What to believe: how long was trained, and whether any of the networks is better than the one they start from."""
    tuned = [run for run in AGAINST if run != BASE and (run, "all") in found]
    steps = sorted({load_recipe(run)[1].schedule.steps for run in tuned})
    base = ""
    if (BASE, "all") in found and tuned:
        start = found[BASE, "all"].wer.value
        better = [run for run in tuned if found[run, "all"].wer.value < start]
        base = (
            f" Over all recordings {', '.join(better)} make fewer errors than the base they start from."
            if better
            else " Over all recordings none of them makes fewer errors than the base they start from."
        )
    return TRUST.format(steps=" or ".join(f"{each:,}" for each in steps), base=base)


def draw(rows: Sequence[SliceResult], out: Path) -> None:
    """Substitutions, deletions and insertions of every network, a panel for each kind of recording."""
    with report_style():
        figure = Figure(figsize=(WIDTH_INCHES, 4.4), layout="constrained")
        for axes, name in zip(figure.subplots(2, 2, sharey=True).flat, DRAWN, strict=True):
            mine = [row for row in rows if row.slice == name]
            left = np.zeros(len(mine))
            for index, kind in enumerate(KINDS):
                shares = np.array([100 * row.edits[index] / row.edits[3] for row in mine])
                axes.barh(range(len(mine)), shares, left=left, color=COLOURS[(0, 3, 2)[index]], label=kind)
                left += shares
            axes.set(title=name, xlabel="words, %")
            axes.set_yticks(range(len(mine)), [row.run.removeprefix("mwer/") for row in mine])
        axes.invert_yaxis()
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper right", ncols=len(KINDS))
        write_figure(figure, "mwer", out)


def study(options: argparse.Namespace) -> None:
    """Hear, count and write."""
    paths = trained(AGAINST, options.runs)
    listening, paused = with_pauses(ListeningTest.load(finished_corpus(options.corpus)))
    rows = rows_of(listening, paused, paths)
    chosen = np.flatnonzero(slices(listening, paused)[ORACLE])
    features, references = ([items[i] for i in chosen] for items in (listening.features, listening.references))
    oracles = {run: oracle(path, features, references) for run, path in paths.items()}
    options.out.mkdir(parents=True, exist_ok=True)
    with (options.out / "mwer.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(row.cells() for row in rows)
    draw(rows, options.out)
    text = f"{__doc__}\n![word errors by kind](mwer.png)\n\n{plain_words(rows, oracles)}\n## Figures\n"
    text += markdown(rows, oracles)
    write_page(options.out, text)


def main() -> int:
    """The command; its exit status."""
    parser = options_of(__package__, __doc__)
    parser.add_argument("--runs", type=Path, default=runs_folder())
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--out", type=Path, default=Path("runs/mwer"))
    options = parser.parse_args()
    return exit_status(lambda: study(options))


if __name__ == "__main__":
    sys.exit(main())
