"""# Understanding on the device

    AZSIM_DATA=... python -m experiments.understanding --out reports/understanding

Part one: taggers of four sizes on held-out requests of both domains, under three compressions, in the integer engine.
Half of the smart speaker's requests have names that training never saw.

Part two: coffee orders of people whom no training heard, as they are and in a kitchen's noise. A network's words go
through the shipped tagger; an order is accepted if its intent and every slot are right. "Delivered" is what the device
has at its end-point, in a room tone of -60 dBFS; "whole" is the whole recording. Beside it stands a parser that knows
every value of every slot. Intervals are 95 % bootstraps by speaker.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from azsim.compress import compress
from azsim.compress.network import CompressedNetwork
from azsim.compress.stored import load_compressed, load_network
from azsim.errors import InputError
from azsim.nn.graph.executor import Model
from azsim.nn.graph.network import GraphNetwork
from azsim.report.page import write_page
from azsim.report.wer import normalise
from azsim.resources import model_file
from azsim.speech.recogniser import recognise_many
from azsim.speech.stages.understanding import labels_of, tagger_network
from azsim.speech.understanding.interpretation import Slot, interpretation, slots_of
from azsim.speech.understanding.tagger import Tagger
from azsim.train.command import exit_status
from azsim.train.corpus.protocol import KITCHEN, conditions, with_tone
from azsim.train.corpus.requests import DOMAINS
from azsim.train.corpus.tagged import COFFEE_INTENT
from experiments.options import options_of
from experiments.studies.cells import write_csv
from experiments.studies.orders import count_slots
from experiments.studies.people import SEED, Speech, recorded_noises
from experiments.studies.runs import runs_folder

NETWORKS = ("rnnt-student", "rnnt-5bit-50")
SIZES = ("home_tiny", "home_small", "home", "home_large")
COMPRESSIONS = (("raw", 8, 0.0), ("packed", 5, 0.0), ("zvsv", 5, 0.5))
REQUESTS, REQUEST_SEED = 1000, 7
BOOTSTRAPS = 2000


@dataclass(frozen=True)
class SizeResult:
    """One tagger under one compression: shares of held-out requests in percent."""

    tagger: str
    weights: int
    codec: str
    weight_bits: int
    sparsity: float
    model_bytes: int
    domain: str
    intents_percent: float
    requests_percent: float


@dataclass(frozen=True)
class AcceptanceResult:
    """One network in one condition: shares of orders that were accepted, in percent, intervals by speaker."""

    network: str
    condition: str
    orders: int
    speakers: int
    whole_percent: float
    whole_low: float
    whole_high: float
    delivered_percent: float
    delivered_low: float
    delivered_high: float
    parser_whole_percent: float


def tagger_of(small: CompressedNetwork) -> Tagger:
    """A compressed tagger, ready to run in integers."""
    network = small.network
    integers = network.integers(small.integer_weights)
    return Tagger(Model.in_integers(integers), labels_of(network), integers.grids)


def sizes(runs: Path) -> list[SizeResult]:
    """Every tagger that is there, the shipped one at least."""
    found: dict[str, GraphNetwork] = {}
    for size in SIZES:
        trained = runs / "understanding" / size / "final.safetensors"
        if trained.exists():
            found[size] = tagger_network(str(trained))
    found.setdefault("home", tagger_network("understanding"))
    rows = []
    for name, network in found.items():
        for codec, bits, zeros in COMPRESSIONS:
            small = compress(network, weight_bits=bits, sparsity=zeros, codec=codec)
            tagger = tagger_of(small)
            for domain in ("coffee", "speaker"):
                requests = DOMAINS[domain]().held_out(np.random.default_rng(REQUEST_SEED), REQUESTS)
                answers = [(request, tagger.interpret(request.words)) for request in requests]
                intents = np.mean([answer.intent == request.intent for request, answer in answers])
                whole = np.mean(
                    [
                        answer == interpretation(request.intent, slots_of(request.words, request.tags))
                        for request, answer in answers
                    ]
                )
                rows.append(
                    SizeResult(
                        name, network.weights, codec, bits, zeros, small.model_bytes, domain,
                        100 * float(intents), 100 * float(whole),
                    )
                )  # fmt: skip
    return rows


def accepted(tagger: Tagger, texts: Sequence[str], wanted: Sequence[dict[str, str]]) -> np.ndarray:
    """Whether intent and every slot are right, bool ``(orders,)``."""
    right = []
    for text, slots in zip(texts, wanted, strict=True):
        meant = interpretation(COFFEE_INTENT, [Slot(name, value) for name, value in slots.items()])
        right.append(tagger.interpret(normalise(text).split()) == meant)
    return np.array(right)


def share(right: np.ndarray, speakers: Sequence[str]) -> tuple[float, float, float]:
    """Percent right, and its 95 % interval by a bootstrap over speakers."""
    own = np.array(speakers)
    people = sorted(set(speakers))
    counts = np.array([[right[own == one].sum(), (own == one).sum()] for one in people])
    drawn = np.random.default_rng(SEED).integers(len(people), size=(BOOTSTRAPS, len(people)))
    sums = counts[drawn].sum(axis=1)
    low, high = np.quantile(100 * sums[:, 0] / sums[:, 1], (0.025, 0.975))
    return 100 * float(right.mean()), float(low), float(high)


def acceptance(names: Sequence[str], speech: Speech, data: Path) -> list[AcceptanceResult]:
    """Every network as recorded and in the kitchen."""
    tagger = tagger_of(compress(tagger_network("understanding"), codec="raw"))
    ways = [way for way in conditions(recorded_noises(data)) if way.group == KITCHEN or way.name == "as recorded"]
    rows = []
    for name in names:
        path = model_file(name)
        small = load_compressed(path) or compress(load_network(path), codec="raw")
        for way in ways:
            sounds = way.heard(speech.sounds, SEED)
            whole = [each.transcript.text_whole for each in recognise_many(small, sounds)]
            cut = [each.transcript.text for each in recognise_many(small, [with_tone(each) for each in sounds])]
            right = [share(accepted(tagger, texts, speech.slots), speech.speakers) for texts in (whole, cut)]
            parsed = 100 * float((count_slots(speech.slots, whole)[:, 0] == 0).mean())
            people = len(set(speech.speakers))
            rows.append(AcceptanceResult(name, way.name, len(whole), people, *right[0], *right[1], parsed))
            print(f"{name}: {way.name}: {rows[-1].whole_percent:.0f} % accepted", flush=True)
    return rows


def markdown(small: Sequence[SizeResult], people: Sequence[AcceptanceResult]) -> str:
    """Both tables."""
    lines = [
        "## Size against accuracy",
        "",
        "| tagger | weights | compression | KiB | coffee: right % | smart speaker: intents % | right % |",
        "|:--|--:|:--|--:|--:|--:|--:|",
    ]
    for coffee, speaker in zip(small[::2], small[1::2], strict=True):
        zeros = f", {coffee.sparsity:.0%} zeros" if coffee.sparsity else ""
        lines.append(
            f"| {coffee.tagger} | {coffee.weights:,} | {coffee.codec}, {coffee.weight_bits} bits{zeros} "
            f"| {coffee.model_bytes / 1024:.1f} | {coffee.requests_percent:.1f} | {speaker.intents_percent:.1f} "
            f"| {speaker.requests_percent:.1f} |"
        )
    lines += [
        "",
        "## Orders of people",
        "",
        "| network | condition | whole: accepted % | delivered: accepted % | parser, whole % |",
        "|:--|:--|--:|--:|--:|",
    ]
    for row in people:
        lines.append(
            f"| {row.network} | {row.condition} | {row.whole_percent:.0f} [{row.whole_low:.0f}, {row.whole_high:.0f}] "
            f"| {row.delivered_percent:.0f} [{row.delivered_low:.0f}, {row.delivered_high:.0f}] "
            f"| {row.parser_whole_percent:.0f} |"
        )
    return "\n".join(lines) + "\n"


def run(options: argparse.Namespace) -> None:
    """Measure and write."""
    data = os.environ.get("AZSIM_DATA")
    if not data:
        raise InputError("AZSIM_DATA: not set; it names the folder that holds barista/ and noise/")
    by_size = sizes(options.runs)
    speech = Speech.load(Path(data), options.set, 0, options.recordings)
    people = acceptance(options.networks, speech, Path(data))
    options.out.mkdir(parents=True, exist_ok=True)
    write_csv(by_size, options.out / "sizes.csv")
    write_csv(people, options.out / "acceptance.csv")
    of = f"{len(speech.texts)} orders, {len(set(speech.speakers))} speakers ({options.set})."
    write_page(options.out, f"{__doc__}\n{of}\n\n{markdown(by_size, people)}")


def main() -> int:
    """The command; its exit status."""
    parser = options_of(__package__, __doc__)
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), metavar="NAME", help="shipped networks")
    parser.add_argument("--set", choices=("heldout", "dev"), default="dev", help="who is heard")
    parser.add_argument("--recordings", type=int, default=10_000, help="at most so many")
    parser.add_argument("--runs", type=Path, default=runs_folder(), help="where taggers were trained")
    out = Path("runs/understanding")
    parser.add_argument("--out", type=Path, default=out, help=f"where the report goes (default: {out})")
    options = parser.parse_args()
    return exit_status(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
