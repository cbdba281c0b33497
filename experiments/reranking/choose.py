"""Choose how much each opinion counts, on speech that is neither dev nor test and that no training heard.

    AZSIM_DATA=... python -m azsim.train.corpus real --out CORPUS --real $AZSIM_DATA/barista/manifest.csv
    python -m azsim.train.corpus noise --out CORPUS
    python -m azsim.train.corpus build --out CORPUS --shards 1 --shard-utterances 160 --seed 7
    python -m experiments.reranking.choose --corpus CORPUS --out models/language-model/rescoring.toml

`experiments/reranking/folds.py` says what is heard; both sets count alike. For each share of the known domains the
weights with the fewest expected word errors are fitted, and the share with the fewest of all is taken. What every
share came to is written beside this module, where the report reads it.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from azsim.cloud.domain_model import DOMAIN_FILE, DomainModel
from azsim.cloud.language_model import LANGUAGE_MODEL, LanguageModel
from azsim.cloud.reranker import RECOGNISER, load_internal
from azsim.cloud.rescore import Opinions, RescoringWeights
from azsim.nn.sealed import network_file
from azsim.output_file import write_output_file
from azsim.speech.search.choice import SearchChoice
from azsim.train.command import exit_status
from experiments.options import options_of
from experiments.reranking.fitting import fitted
from experiments.reranking.folds import recordings
from experiments.reranking.scores import Candidates, candidates_of, wer_percent
from experiments.studies.cells import write_csv
from experiments.studies.lattices import heard_by_beam

BEAM = 8
SHARES = (0.0, 0.5, 0.8, 0.95)
COUNTED, NEURAL, DOMAINS = "words counted alone", "neural model", "grammars and neural model"
CHOICES = Path(__file__).with_name("choices.csv")


@dataclass(frozen=True)
class Choice:
    """What one kind of language model came to.

    Attributes:
        models: that have a say.
        domain_share, language, internal, word: `azsim.cloud.rescore.RescoringWeights`.
        expected_wer_percent: by which it was chosen.
        before_percent, after_percent, oracle_percent: word error rates, the mean over the sets.
    """

    models: str
    domain_share: float
    language: float
    internal: float
    word: float
    expected_wer_percent: float
    before_percent: float
    after_percent: float
    oracle_percent: float

    @property
    def weights(self) -> RescoringWeights:
        """Of the reranker."""
        return RescoringWeights(self.language, self.internal, self.word, self.domain_share)


def choices(found: Sequence[Sequence[Candidates]]) -> list[Choice]:
    """Every kind, its weights fitted."""
    kinds = [(COUNTED, 0.0), *((DOMAINS if share else NEURAL, share) for share in SHARES)]
    made = []
    for models, share in kinds:
        fit = fitted(found, share, words_alone=models == COUNTED)
        weights = fit.weights
        rates = [
            round(sum(each) / len(found), 3)
            for each in (
                [wer_percent(own, RescoringWeights()) for own in found],
                [wer_percent(own, weights) for own in found],
                [_oracle_percent(own) for own in found],
            )
        ]
        parts = share, weights.language, weights.internal, weights.word
        made.append(Choice(models, *parts, fit.expected_wer_percent, *rates))
    return made


def _oracle_percent(found: Sequence[Candidates]) -> float:
    """Word error rate of the nearest paths."""
    return 100 * sum(one.oracle_errors for one in found) / sum(one.reference_words for one in found)


def read_choices(path: Path = CHOICES) -> list[Choice]:
    """What was written of them."""
    with open(path, newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return [Choice(row.pop("models"), *(float(value) for value in row.values())) for row in rows]


def best(made: Sequence[Choice]) -> Choice:
    """The one with the fewest expected errors."""
    return min(made, key=lambda choice: choice.expected_wer_percent)


def run(options: argparse.Namespace) -> None:
    """Score, fit, write."""
    heard = heard_by_beam(RECOGNISER, recordings(options.corpus), SearchChoice(kind="beam", beam=BEAM))
    opinions = Opinions(LanguageModel.load(LANGUAGE_MODEL), load_internal(RECOGNISER))
    domain = DomainModel.read(network_file(LANGUAGE_MODEL).with_name(DOMAIN_FILE))
    found: dict[str, list[Candidates]] = {}
    for each in heard:
        own = found.setdefault(each.group, [])
        own.append(candidates_of(each.recognition.lattice, each.reference, opinions, domain))
    made = choices(list(found.values()))
    chosen = best(made)
    for group, own in found.items():
        oracle = _oracle_percent(own)
        before, after = wer_percent(own, RescoringWeights()), wer_percent(own, chosen.weights)
        print(f"{group}: {len(own)} lattices, WER {before:.2f} % before, {after:.2f} % after, {oracle:.2f} % oracle")
    write_csv(made, options.table)
    lines = [
        "# Chosen by `python -m experiments.reranking.choose`: fewest expected word errors over lattices of training",
        "# people held out, and of made speech of another seed; neither test nor dev speech had a say.",
        *(f"{name} = {getattr(chosen.weights, name)}" for name in RescoringWeights.__struct_fields__),
    ]
    write_output_file(options.out, ["\n".join([*lines, ""]).encode()])


def main() -> int:
    """The command; its exit status."""
    parser = options_of("experiments.reranking.choose", __doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("runs/reranking/rescoring.toml"))
    parser.add_argument("--table", type=Path, default=CHOICES, help="of all choices (default: beside this module)")
    options = parser.parse_args()
    return exit_status(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
