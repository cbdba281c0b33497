"""# Reranking in the cloud: word errors before and after language models have had their say

    AZSIM_DATA=... python -m experiments.reranking --out reports/reranking

The student in int8 hears every recording with a beam; its lattice goes up in the message of the uplink, quantised as it
is there, and is taken apart as the server does. Then its words are scored by what is known of the language, less what
the recogniser believes of them itself. The language is a mixture: the sentences of the two grammars with their exact
probabilities (`models/language-model/grammars.json`, an automaton), and an LSTM over word pieces, trained on text
alone. The weights stand in `models/language-model/rescoring.toml`; `experiments/reranking/choose.py` chose them on
people who were held out of every training and on made speech of another seed (`folds.py`), and nothing here chose
anything. Real coffee orders of the dev split are measured where `AZSIM_DATA` has them.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from azsim.cloud.domain_model import DOMAIN_FILE, DomainModel
from azsim.cloud.language_model import LANGUAGE_MODEL
from azsim.cloud.messages import checked, packed_lattice
from azsim.cloud.reranker import RECOGNISER, load_internal, load_reranker, load_words
from azsim.cloud.rescore import WEIGHTS_FILE, Opinions, RescoringWeights, read_weights
from azsim.cloud.service import Reranker
from azsim.compare.speech_set import load_speech
from azsim.nn.sealed import network_file
from azsim.report.page import write_page
from azsim.resources import data_file, speech_file
from azsim.speech.lattice.paths import best_path, oracle
from azsim.speech.search.choice import SearchChoice
from azsim.train.command import exit_status
from experiments.options import options_of
from experiments.reranking.choose import COUNTED, DOMAINS, NEURAL, Choice, read_choices
from experiments.reranking.scores import MOST, candidates_of, errors_of
from experiments.studies.cells import write_csv
from experiments.studies.lattices import LatticeOutcome, Recorded, heard_by_beam

BEAM = 8
OWN_BEST, ORACLE = "the lattice's own best", "oracle"
RERANKED = "lattice, grammars and neural model less the recogniser's own"
WITHOUT_GRAMMARS = f"{MOST} best, neural model less the recogniser's own"
WORDS_ALONE = f"{MOST} best, words counted alone"
LISTED = {f"{MOST} best, grammars and the rest": DOMAINS, WITHOUT_GRAMMARS: NEURAL, WORDS_ALONE: COUNTED}
"""Ways that choose from a list of the best paths -> whose weights."""
REAL = "real dev"


@dataclass(frozen=True)
class RerankedSet:
    """One set under one way of choosing words.

    Attributes:
        group: of recordings.
        way: how the words are chosen.
        utterances, words: in the set.
        wer_percent: of the chosen words.
        changed_percent: of the utterances whose words are others than the lattice's own best.
        ms_per_lattice: on this machine, the mean.
    """

    group: str
    way: str
    utterances: int
    words: int
    wer_percent: float
    changed_percent: float
    ms_per_lattice: float


@dataclass(frozen=True)
class Models:
    """What has an opinion.

    Attributes:
        opinions: the neural model's and the recogniser's own.
        domain: the grammars'.
        weights: kind of models -> how much each counts.
        reranker: of whole lattices, as the server has it.
    """

    opinions: Opinions
    domain: DomainModel
    weights: Mapping[str, RescoringWeights]
    reranker: Reranker


def recordings() -> Iterator[Recorded]:
    """The shipped test speech, and real dev speech where it is there."""
    manifests = [(speech_file("speech"), "")]
    if people := data_file("barista/manifest.csv"):
        manifests.append((people, REAL))
    for manifest, group in manifests:
        for each in load_speech(manifest, None, 10.0, lambda: None):
            if group and each.columns["split"] != "dev":
                continue
            if each.reference:
                yield each.name, group or each.group, each.columns.get("speaker", ""), each.reference, each.features


def measure(heard: list[LatticeOutcome]) -> list[RerankedSet]:
    """Every way over every set."""
    models = Models(
        Opinions(load_words(LANGUAGE_MODEL, 0.0), load_internal(RECOGNISER)),
        DomainModel.read(network_file(LANGUAGE_MODEL).with_name(DOMAIN_FILE)),
        {choice.models: choice.weights for choice in read_choices()}
        | {DOMAINS: read_weights(network_file(LANGUAGE_MODEL).with_name(WEIGHTS_FILE))},
        load_reranker(),
    )
    groups = dict.fromkeys(each.group for each in heard)
    return [row for group in groups for row in _rows([each for each in heard if each.group == group], models)]


def _rows(chosen: list[LatticeOutcome], models: Models) -> list[RerankedSet]:
    """Every way over one set."""
    lattices = [checked(packed_lattice(each.recognition.lattice, 1)) for each in chosen]
    references = [each.reference for each in chosen]
    bests = [best_path(lattice).words for lattice in lattices]
    words = sum(len(reference.split()) for reference in references)

    def row(way: str, errors: int, changed: int, seconds: float) -> RerankedSet:
        shares = 100 * errors / words, 100 * changed / len(bests)
        return RerankedSet(chosen[0].group, way, len(bests), words, *shares, 1000 * seconds / len(bests))

    began = time.perf_counter()
    found = [tuple(models.reranker.best(lattice)) for lattice in lattices]
    seconds = time.perf_counter() - began
    rows = [
        row(OWN_BEST, _errors(references, bests), 0, 0.0),
        row(RERANKED, _errors(references, found), _differ(found, bests), seconds),
    ]
    began = time.perf_counter()
    listed = [
        candidates_of(lattice, reference, models.opinions, models.domain)
        for lattice, reference in zip(lattices, references, strict=True)
    ]
    seconds = time.perf_counter() - began
    for way, kind in LISTED.items():
        weights = models.weights[kind]
        errors = sum(each.chosen_errors(weights) for each in listed)
        rows.append(row(way, errors, sum(each.chosen(weights) != 0 for each in listed), seconds))
    nearest = [oracle(lattice, reference.split()) for lattice, reference in zip(lattices, references, strict=True)]
    changed = _differ([each for _, each in nearest], bests)
    return [*rows, row(ORACLE, sum(errors for errors, _ in nearest), changed, 0.0)]


def _differ(found: list[tuple[str, ...]], bests: list[tuple[str, ...]]) -> int:
    """How many are others."""
    return sum(one != other for one, other in zip(found, bests, strict=True))


def _errors(references: list[str], found: list[tuple[str, ...]]) -> int:
    return sum(errors_of(reference, words) for reference, words in zip(references, found, strict=True))


def _errors_by(rows: list[RerankedSet], way: str) -> int:
    """Word errors over all sets."""
    return round(sum(row.wer_percent * row.words / 100 for row in rows if row.way == way))


def page(rows: list[RerankedSet], made: list[Choice]) -> str:
    """The report."""
    groups = list(dict.fromkeys(row.group for row in rows))
    sizes = ", ".join(f"{group}: {next(row.utterances for row in rows if row.group == group)}" for group in groups)
    lines = [f"| words chosen by | {' | '.join(groups)} | all | changed | ms |", "|:--|" + "--:|" * (len(groups) + 3)]
    for way in dict.fromkeys(row.way for row in rows):
        own = [row for row in rows if row.way == way]
        count = sum(row.utterances for row in own)
        changed = sum(row.changed_percent * row.utterances for row in own) / count
        ms = sum(row.ms_per_lattice * row.utterances for row in own) / count
        pooled = sum(row.wer_percent * row.words for row in own) / sum(row.words for row in own)
        cells = " | ".join(f"{row.wer_percent:.1f}" for row in own)
        lines.append(f"| {way} | {cells} | {pooled:.2f} | {changed:.0f} % | {ms:.0f} |")
    table = "\n".join(lines)
    chosen = "\n".join(
        f"| {each.models} | {each.domain_share:g} | {each.language:g} | {each.internal:g} | {each.word:g} "
        f"| {each.expected_wer_percent:.2f} | {each.before_percent:.2f} | {each.after_percent:.2f} "
        f"| {each.oracle_percent:.2f} |"
        for each in made
    )
    said = (
        f"Word error rate in percent, whole recordings (utterances: {sizes}). *Changed*: utterances whose words are "
        "others than the lattice's own best; *ms*: per lattice, on the machine that made this report. *Words counted "
        "alone*: only the weight of a word, without any language model. The oracle is the path of the lattice with the "
        "fewest errors: no reranking can be better. "
        f"Of {_errors_by(rows, OWN_BEST)} word errors in all sets the grammars and the neural model leave "
        f"{_errors_by(rows, RERANKED)}, the neural model without them {_errors_by(rows, WITHOUT_GRAMMARS)}, "
        f"the weight of a word alone {_errors_by(rows, WORDS_ALONE)}, the oracle {_errors_by(rows, ORACLE)}."
    )
    return f"""{__doc__}
{table}

{said}

## Why it is not more

The recogniser learnt its words from sentences of the same grammars, and it is sure of them: what its lattices hold are
sentences of the domain, and where the first is wrong the right one is mostly another that is as probable: `eighteen` or
`eighty degrees`, one name or another. No language model can tell. It helps where a hypothesis is no sentence of the
domain, or lacks words: a transducer prefers short ones, and the weight of a word alone takes back most of that. The
neural model does harm to what it never saw: short sentences that were held out of its training look as if people never
said them. So the grammars' exact probabilities, which know no single sentence, are mixed in.

## What was chosen from

Speech of training alone, held out or of another seed, as it is and said anew by other voices in noise; the mean over
both sets. The row with the fewest expected word errors was taken.

| models | share of the grammars | language | internal | word | expected | before | after | oracle |
|:--|--:|--:|--:|--:|--:|--:|--:|--:|
{chosen}
"""


def run(options: argparse.Namespace) -> None:
    """Recognise, rerank, write."""
    choice = SearchChoice(kind="beam", beam=BEAM)
    rows = measure(heard_by_beam(RECOGNISER, recordings(), choice))
    options.out.mkdir(parents=True, exist_ok=True)
    write_csv(rows, options.out / "reranking.csv")
    write_page(options.out, page(rows, read_choices()))


def main() -> int:
    """The command; its exit status."""
    parser = options_of(__package__, __doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/reranking"))
    options = parser.parse_args()
    return exit_status(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
