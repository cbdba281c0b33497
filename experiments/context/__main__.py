"""# A user's names, told to the recogniser

    python -m azsim.train.corpus names --out ~/.cache/azsim/corpus-names
    python -m experiments.context --utterances 60 --out reports/context

The shipped student in int8 with a beam of 4 over synthetic speech (espeak-ng, flite, festival; half of the voices are
such as no training hears). "Seen" names are the grammar's, which the recogniser was trained with; "unseen" ones are in
no training. A catalogue has all names of its set and others, 100 in all; sentences without a name are heard with the
catalogue of the unseen names. Weights of shallow fusion are tuned on names and sentences of their own (`names-tune`),
which neither training nor measuring hears: least WER, then least oracle WER.

The shipped attention learned for a third of an hour of one core. It halves the transducer loss of sentences with unseen
names, which is not enough to hear one, and harms other words; so it is off by default. The recogniser knows its few
dozen names by heart: unseen ones are in no lattice, where boosts could find them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from azsim.compress import compress
from azsim.compress.stored import load_network, load_recogniser
from azsim.devices.loader import find_device, load_device
from azsim.nn.rnnt.integer_rnnt import IntegerModel
from azsim.nn.rnnt.pieces import Pieces
from azsim.report.figures.style import report_style, write_figure
from azsim.report.page import write_page
from azsim.speech.context.attention import attention_of
from azsim.speech.context.boosts import PER_LABEL, Boosts
from azsim.train.command import exit_status
from experiments.context.cost import CatalogueCost, StepTime, costs, step_time
from experiments.context.listening import NamesHeard, hear
from experiments.context.maps import attention_map, peaks
from experiments.context.material import SETS, TUNING, NamedSpeech, catalogue_of, small_catalogue, utterances
from experiments.options import options_of
from experiments.studies.cells import write_csv

MODEL, ADAPTER, DEVICE = "rnnt-student", "context", "az1"
CATALOGUE = 100
WEIGHTS = (0.0, 0.5, 1.0, 2.0)
"""Nats a label that are tried."""
SIZES = (10, 100, 300)
MODES = ("none", "shallow", "attention", "both")
STEP_ENTRIES = 10_000
SHOWN_ROWS = 12


@dataclass(frozen=True)
class Row:
    """One set under one mode, or one weight on the tuning set, or one size of catalogue."""

    part: str
    set: str
    mode: str
    boost: float
    entries: int
    utterances: int
    wer_percent: float
    oracle_wer_percent: float
    names: int
    name_error_percent: float
    names_in_lattice_percent: float


def row(part: str, said: Sequence[NamedSpeech], chosen: tuple[str, str, float, int], heard: NamesHeard) -> Row:
    """A line of the tables."""
    return Row(
        part, *chosen, len(said), heard.wer_percent, heard.oracle_percent, heard.names, heard.name_error_percent,
        heard.in_lattice_percent,
    )  # fmt: skip


class NamesStudy:
    """What all parts share.

    Args:
        options: of the command.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self.network = load_recogniser(MODEL)
        self.adapter = load_network(options.adapter)
        self.pieces = Pieces(self.network.pieces)
        self.small = compress(self.network, weight_bits=8, codec="raw")
        self.model = IntegerModel.of(self.small)
        self.corpus, self.count = options.corpus.expanduser(), options.utterances
        self.rows: list[Row] = []

    def said(self, split: str, count: int = 0) -> list[NamedSpeech]:
        """Utterances of a split."""
        return utterances(self.corpus, self.network, split, count or self.count)

    def tune(self) -> dict[str, float]:
        """Mode -> weight above 0 of least WER, of equal ones that of least oracle WER, then the smallest."""
        said = self.said(TUNING, self.count // 2)
        catalogue, chosen = catalogue_of(said, CATALOGUE), {}
        for mode in ("shallow", "both"):
            attention = attention_of(self.adapter, catalogue, self.small) if mode == "both" else None
            ranked = []
            for weight in WEIGHTS:
                boosts = Boosts(catalogue, self.pieces, weight) if weight else None
                heard = hear(self.model, self.pieces, said, boosts, attention)
                self._keep(row("tuning", said, (TUNING, mode, weight, len(catalogue.texts)), heard))
                ranked += [(heard.errors, heard.oracle_errors, weight)] if weight else []
            chosen[mode] = min(ranked)[2]
        return chosen

    def compare(self, weights: dict[str, float]) -> None:
        """Every set under every mode."""
        unseen = catalogue_of(self.said(SETS[1]), CATALOGUE)
        for split in SETS:
            said = self.said(split)
            catalogue = catalogue_of(said, CATALOGUE) if split == SETS[0] else unseen
            attention = attention_of(self.adapter, catalogue, self.small)
            for mode in MODES:
                weight = weights.get(mode, 0.0)
                boosts = Boosts(catalogue, self.pieces, weight) if weight else None
                own = attention if mode in ("attention", "both") else None
                heard = hear(self.model, self.pieces, said, boosts, own)
                self._keep(row("modes", said, (split, mode, weight, len(catalogue.texts)), heard))

    def by_size(self, weight: float) -> None:
        """Unseen names with both, by the size of the catalogue, each utterance with its own."""
        said = [one for one in self.said(SETS[1], self.count // 8) if len(one.names) == 1]
        for size in SIZES:
            heard = []
            for number, one in enumerate(said):
                catalogue = small_catalogue(one, size, number)
                attention = attention_of(self.adapter, catalogue, self.small)
                boosts = Boosts(catalogue, self.pieces, weight) if weight else None
                heard.append(hear(self.model, self.pieces, [one], boosts, attention))
            total = NamesHeard(*(sum(each) for each in zip(*(asdict(one).values() for one in heard), strict=True)))
            self._keep(row("sizes", said, (SETS[1], "both", weight, size), total))

    def maps(self, out: Path) -> list[tuple[str, int, int, int]]:
        """Peaks of both sets with names; a map of the first utterance of the unseen ones."""
        found = []
        for split in SETS[:2]:
            said = self.said(split)
            catalogue = catalogue_of(said, CATALOGUE)
            attention = attention_of(self.adapter, catalogue, self.small)
            found.append((split, *peaks(self.model, attention, self.pieces, said)))
            if split == SETS[1]:
                with report_style():
                    figure = attention_map(attention, self.pieces, said[0], SHOWN_ROWS)
                    write_figure(figure, "attention", out)
        return found

    def _keep(self, made: Row) -> None:
        self.rows.append(made)
        print(
            f"{made.part}: {made.set}, {made.mode} {made.boost:g}: WER {made.wer_percent:.1f}, "
            f"oracle {made.oracle_wer_percent:.1f}, names wrong {made.name_error_percent:.0f} %",
            flush=True,
        )


def markdown(
    rows: Sequence[Row],
    weights: dict[str, float],
    peaked: Sequence[tuple[str, int, int, int]],
    priced: Sequence[CatalogueCost],
    step: StepTime,
) -> str:
    """The report's tables."""
    lines = [
        "## Words and names",
        "",
        f"Weights: shallow {weights['shallow']:g} nats a label alone, {weights['both']:g} beside attention.",
        "",
        "| set | names told by | WER % | oracle WER % | names wrong % | names in the lattice % |",
        "|:--|:--|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {r.set} | {r.mode} | {r.wer_percent:.1f} | {r.oracle_wer_percent:.1f} | "
        + (f"{r.name_error_percent:.1f} | {r.names_in_lattice_percent:.1f} |" if r.names else "– | – |")
        for r in rows
        if r.part == "modes"
    ]
    own = {(r.set, r.mode): r for r in rows if r.part == "modes"}
    lines.append("")
    for mode in MODES[1:]:
        change = [
            f"{100 * (own[s, mode].name_error_percent / own[s, 'none'].name_error_percent - 1):+.0f} % on {s}"
            for s in SETS[:2]
        ]
        more = own[SETS[2], mode].wer_percent - own[SETS[2], "none"].wer_percent
        lines.append(f"- {mode}: name errors {', '.join(change)}; WER without names {more:+.1f} points.")
    lines += [
        "",
        "Targets: with both, 40 % fewer name errors and at most 0.2 points more without names. Missed.",
        "",
        "## Attention",
        "",
        "![Attention while a name is said](attention.svg)",
        "",
        "| set | names | the sound peaks on the right entry % | the labels do, after the first % |",
        "|:--|--:|--:|--:|",
    ]
    lines += [f"| {s} | {n} | {100 * a / max(n, 1):.0f} | {100 * b / max(n, 1):.0f} |" for s, n, a, b in peaked]
    lines += [
        "",
        "Of 100 entries: the entry with the largest sum of shares over the outputs of a name (its letters taken as "
        "equally long), over the reference's label histories within it.",
        "",
        "## Size of the catalogue",
        "",
        "| entries | WER % | names wrong % | names in the lattice % |",
        "|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {r.entries} | {r.wer_percent:.1f} | {r.name_error_percent:.1f} | {r.names_in_lattice_percent:.1f} |"
        for r in rows
        if r.part == "sizes"
    ]
    lines += [
        "",
        f"## Cost on `{DEVICE}`",
        "",
        "Keys and values lie beside the recogniser's weights under one residency plan. Bytes, products and cycles are "
        "of one encoder output (60 ms) and one new label together, alone on the chip.",
        "",
        "| entries | rows | keys and values, bytes | network, bytes | from DRAM, bytes | products | cycles | of the "
        "encoder's cycles % |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {c.entries} | {c.rows} | {c.kept_bytes:,} | {c.network_bytes:,} | {c.fetched_bytes:,.0f} | "
        f"{c.products:,.0f} | {c.cycles:,.0f} | {100 * c.cycles / c.step_cycles:.0f} |"
        for c in priced
    ]
    lines += [
        "",
        f"Shallow fusion with {step.entries:,} entries and three carrier phrases ({step.nodes:,} nodes, built in "
        f"{step.build_s:.1f} s): a step of the search takes {step.plain_ms:.2f} ms of processor time on this machine "
        f"without and {step.boosted_ms:.2f} ms with it, {step.more_ms:.2f} ms more (target: at most 1 ms).",
        "",
        "## Tuning",
        "",
        "| told by | nats a label | WER % | oracle WER % | names wrong % |",
        "|:--|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {r.mode} | {r.boost:g} | {r.wer_percent:.1f} | {r.oracle_wer_percent:.1f} | {r.name_error_percent:.1f} |"
        for r in rows
        if r.part == "tuning"
    ]
    return "\n".join(lines) + "\n"


def run(options: argparse.Namespace) -> None:
    """Measure and write."""
    study = NamesStudy(options)
    options.out.mkdir(parents=True, exist_ok=True)
    if options.part == "step":
        print(step_time(study.model, study.pieces, study.said(SETS[1], 40), STEP_ENTRIES, PER_LABEL))
        return
    weights = study.tune()
    study.compare(weights)
    peaked = study.maps(options.out)
    study.by_size(weights["both"])
    priced = costs(load_device(find_device(DEVICE)), study.small, study.adapter, SIZES)
    step = step_time(study.model, study.pieces, study.said(SETS[1], 40), STEP_ENTRIES, weights["shallow"] or PER_LABEL)
    write_csv(study.rows, options.out / "results.csv")
    write_csv(priced, options.out / "cost.csv")
    write_page(options.out, f"{__doc__}\n{markdown(study.rows, weights, peaked, priced, step)}")


def main() -> int:
    """The command; its exit status."""
    parser = options_of(__package__, __doc__)
    parser.add_argument("--corpus", type=Path, default=Path("~/.cache/azsim/corpus-names"), metavar="FOLDER")
    parser.add_argument("--adapter", default=ADAPTER, metavar="MODEL", help="the attention network")
    parser.add_argument("--utterances", type=int, default=150, help="of each set at most")
    parser.add_argument("--part", choices=("all", "step"), default="all", help="step: time of a step alone, printed")
    out = Path("runs/context")
    parser.add_argument("--out", type=Path, default=out, help=f"where the report goes (default: {out})")
    options = parser.parse_args()
    return exit_status(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
