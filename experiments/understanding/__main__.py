"""# Understanding on the device

    AZSIM_DATA=... python -m experiments.understanding --noise-db 12 --recordings 43 --out reports/understanding

Part one: taggers of four sizes on held-out requests of both domains, under three compressions, in the integer engine.
Half of the smart speaker's requests have names that training never saw.

Part two: coffee orders of people whom no training heard, as they are and in a kitchen's noise. A network's words go
through the shipped tagger; an order is accepted if its intent and every slot are right. Room tone of -60 dBFS is in
every recording. "Delivered" is what the device has at its end-point, "whole" the whole recording; "10 best" weighs the
interpretations of the ten best paths of a beam's lattice by their posteriors. Beside them stands a parser that knows
every value of every slot. Intervals are 95 % bootstraps by speaker.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from azsim.compress import compress
from azsim.compress.stored import load_compressed, load_network
from azsim.nn.graph.network import GraphNetwork
from azsim.report.page import write_page
from azsim.report.wer import normalise
from azsim.resources import data_folder, model_file
from azsim.speech.conclusion import Recognition
from azsim.speech.endpointing.choice import EndPointChoice
from azsim.speech.lattice.paths import n_best
from azsim.speech.recogniser import Recogniser
from azsim.speech.search.choice import GREEDY, SearchChoice
from azsim.speech.stages.understanding import tagger_network, tagger_of
from azsim.speech.understanding.interpretation import Interpretation, Slot, interpretation, slots_of
from azsim.speech.understanding.tagger import interpret_n_best
from azsim.train.command import exit_status
from azsim.train.corpus.protocol import KITCHEN, NOISE_DB, conditions, with_tone
from azsim.train.corpus.requests import DOMAINS
from azsim.train.corpus.tagged import COFFEE_INTENT
from experiments.options import options_of
from experiments.studies.cells import write_csv
from experiments.studies.orders import count_slots
from experiments.studies.people import SEED, PeopleSpeech, recorded_noises
from experiments.studies.runs import runs_folder

NETWORKS = ("rnnt-5bit-50",)
SIZES = ("home_tiny", "home_small", "home", "home_large")
COMPRESSIONS = (("raw", 8, 0.0), ("packed", 5, 0.0), ("zvsv", 5, 0.5))
REQUESTS, REQUEST_SEED = 1000, 7
BOOTSTRAPS = 2000
N_BEST = 10


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
    """One network, search and condition: percent of orders accepted, the interval by speaker.

    ``words``: ``whole``, ``delivered``, or ``10 best`` of the whole. ``parser_percent``: by the parser, of one text.
    """

    network: str
    condition: str
    search: str
    words: str
    orders: int
    speakers: int
    accepted_percent: float
    accepted_low: float
    accepted_high: float
    parser_percent: float | None = None


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


def meanings(wanted: Sequence[dict[str, str]]) -> list[Interpretation]:
    """What was asked for."""
    return [interpretation(COFFEE_INTENT, [Slot(name, value) for name, value in slots.items()]) for slots in wanted]


def n_best_of(recognition: Recognition) -> list[tuple[list[str], float]]:
    """The ten best word sequences of a lattice, with posteriors that sum to one among them."""
    if recognition.lattice is None:
        raise ValueError("no lattice: the search was greedy")
    found = n_best(recognition.lattice, N_BEST)
    shares = np.exp([path.score - found[0].score for path in found])
    shares /= shares.sum()
    return [(normalise(" ".join(p.words)).split(), float(share)) for p, share in zip(found, shares, strict=True)]


def share(right: np.ndarray, speakers: Sequence[str]) -> tuple[float, float, float]:
    """Percent right, and its 95 % interval by a bootstrap over speakers."""
    own = np.array(speakers)
    people = sorted(set(speakers))
    counts = np.array([[right[own == one].sum(), (own == one).sum()] for one in people])
    drawn = np.random.default_rng(SEED).integers(len(people), size=(BOOTSTRAPS, len(people)))
    sums = counts[drawn].sum(axis=1)
    low, high = np.quantile(100 * sums[:, 0] / sums[:, 1], (0.025, 0.975))
    return 100 * float(right.mean()), float(low), float(high)


def acceptance(
    names: Sequence[str], speech: PeopleSpeech, data: Path, levels_db: Sequence[float]
) -> list[AcceptanceResult]:
    """Every network, greedy and by a beam, as recorded and in the kitchen at these levels."""
    tagger = tagger_of(compress(tagger_network("understanding"), codec="raw"))
    kept = {("level", "as recorded"), *((KITCHEN, f"{level:g} dB") for level in levels_db)}
    ways = [way for way in conditions(recorded_noises(data)) if (way.group, way.name) in kept]
    wanted, rows = meanings(speech.slots), []
    ends = EndPointChoice().shipped()
    for name in names:
        path = model_file(name)
        small = load_compressed(path) or compress(load_network(path), codec="raw")
        for way in ways:
            sounds = [with_tone(each) for each in way.heard(speech.sounds, SEED)]
            for choice in (GREEDY, SearchChoice()):
                recogniser = Recogniser(small, choice.maker(), lattices=choice, ends=ends)
                found = [recogniser.recognise(sound) for sound in sounds]
                texts = {
                    "whole": [each.transcript.text_whole for each in found],
                    "delivered": [each.transcript.text for each in found],
                }
                answers = {
                    words: [tagger.interpret(normalise(text).split()) for text in own] for words, own in texts.items()
                }
                if choice.kind == "beam":
                    answers["10 best"] = [interpret_n_best(tagger, n_best_of(each)) for each in found]
                for words, own in answers.items():
                    right = share(np.array([a == b for a, b in zip(own, wanted, strict=True)]), speech.speakers)
                    parsed = None
                    if words in texts:
                        parsed = 100 * float((count_slots(speech.slots, texts[words])[:, 0] == 0).mean())
                    people = len(set(speech.speakers))
                    rows.append(AcceptanceResult(name, way.name, choice.kind, words, len(own), people, *right, parsed))
                    print(f"{name}: {way.name}: {choice.kind}, {words}: {right[0]:.0f} % accepted", flush=True)
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
        f"| network | search | words | accepted %: {' | '.join(conditions_of(people))} | in noise, mean | parser |",
        "|:--|:--|:--|" + "--:|" * (len(conditions_of(people)) + 2),
    ]
    for key in dict.fromkeys((row.network, row.search, row.words) for row in people):
        own = [row for row in people if (row.network, row.search, row.words) == key]
        cells = [f"{r.accepted_percent:.0f} [{r.accepted_low:.0f}, {r.accepted_high:.0f}]" for r in own]
        mean = np.mean([row.accepted_percent for row in own[1:]])
        parsed = [row.parser_percent for row in own[1:] if row.parser_percent is not None]
        lines.append(
            f"| {' | '.join(key)} | {' | '.join(cells)} | {mean:.0f} | {f'{np.mean(parsed):.0f}' if parsed else '–'} |"
        )
    return "\n".join(lines) + "\n"


def conditions_of(people: Sequence[AcceptanceResult]) -> list[str]:
    """Their names, in order."""
    return list(dict.fromkeys(row.condition for row in people))


def run(options: argparse.Namespace) -> None:
    """Measure and write."""
    data = data_folder("barista/ and noise/")
    by_size = sizes(options.runs)
    speech = PeopleSpeech.load(data, options.set, 0, options.recordings)
    people = acceptance(options.networks, speech, data, options.noise_db)
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
    parser.add_argument(
        "--noise-db", nargs="+", type=float, choices=NOISE_DB, default=list(NOISE_DB), help="levels of the kitchen"
    )
    parser.add_argument("--recordings", type=int, default=10_000, help="at most so many")
    parser.add_argument("--runs", type=Path, default=runs_folder(), help="where taggers were trained")
    out = Path("runs/understanding")
    parser.add_argument("--out", type=Path, default=out, help=f"where the report goes (default: {out})")
    options = parser.parse_args()
    return exit_status(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
