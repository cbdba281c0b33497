"""Choose how much each opinion counts, on speech that is neither dev nor test and that no training heard.

    AZSIM_DATA=... python -m azsim.train.corpus real --out CORPUS --real $AZSIM_DATA/barista/manifest.csv
    python -m azsim.train.corpus build --out CORPUS --shards 1 --shard-utterances 160 --seed 7
    python -m experiments.reranking.choose --corpus CORPUS --out models/language-model/rescoring.toml

Of the corpus: `real-heldout`, five training speakers that no recogniser was trained with, and made speech of another
seed. Both count alike; a grid is searched for the fewest word errors.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np

from azsim.cloud.internal_model import InternalModel
from azsim.cloud.language_model import LANGUAGE_MODEL, LanguageModel
from azsim.cloud.reranker import RECOGNISER
from azsim.cloud.rescore import Opinions, RescoringWeights
from azsim.compress.stored import load_network
from azsim.errors import InputError
from azsim.output_file import write_output_file
from azsim.speech.features import MEL_BINS
from azsim.speech.search.choice import SearchChoice
from azsim.train.command import exit_status
from azsim.train.corpus.store import read_index
from experiments.options import options_of
from experiments.reranking.scores import Candidates, candidates_of, wer_percent
from experiments.studies.lattices import Recorded, heard_by_beam

SETS = {"real-heldout": "real", "train": "shard-00"}
"""Split of the corpus -> the folder that it lies in."""
BEAM = 8
LANGUAGE = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
INTERNAL = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
WORD = (-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0)


def recordings(corpus: Path) -> Iterator[Recorded]:
    """Features of the two sets.

    Raises:
        InputError: one of them is not in the corpus.
    """
    for split, folder in SETS.items():
        if not (corpus / folder / "index.jsonl").exists():
            raise InputError(f"{corpus / folder}: not there; the corpus needs `real` and a shard of its own seed")
        features = np.memmap(corpus / folder / "features.f16", np.float16, "r").reshape(-1, MEL_BINS)
        for entry in read_index(corpus / folder):
            if entry["split"] == split:
                first = int(entry["start_frame"])
                own = np.asarray(features[first : first + int(entry["frames"])], np.float32)
                yield str(entry["id"]), split, str(entry["speaker"]), str(entry["text"]), own


def choose(found: dict[str, list[Candidates]]) -> RescoringWeights:
    """The weights with the fewest word errors, the sets counted alike; of equal ones the smallest."""
    grid = [RescoringWeights(*each) for each in product(LANGUAGE, INTERNAL, WORD) if each[1] <= each[0]]


    def mean_wer(weights: RescoringWeights) -> float:
        return round(float(np.mean([wer_percent(own, weights) for own in found.values()])), 9)

    return min(grid, key=mean_wer)


def run(options: argparse.Namespace) -> None:
    """Score, choose, write."""
    heard = heard_by_beam(RECOGNISER, recordings(options.corpus), SearchChoice(kind="beam", beam=BEAM))
    opinions = Opinions(LanguageModel.load(LANGUAGE_MODEL), InternalModel(load_network(RECOGNISER)))
    found: dict[str, list[Candidates]] = {split: [] for split in SETS}
    for each in heard:
        found[each.group].append(candidates_of(each.recognition.lattice, each.reference, opinions))
    weights = choose(found)
    for split, own in found.items():
        oracle = 100 * sum(one.oracle_errors for one in own) / sum(one.reference_words for one in own)
        before, after = wer_percent(own, RescoringWeights()), wer_percent(own, weights)
        print(f"{split}: {len(own)} utterances, WER {before:.2f} % before, {after:.2f} % after, {oracle:.2f} % oracle")
    lines = [
        "# Chosen by `python -m experiments.reranking.choose`: fewest word errors over lattices of training speakers",
        "# held out, and of made speech that no training heard; neither test nor dev speech had a say.",
        *(f"{name} = {getattr(weights, name)}" for name in ("language", "internal", "word")),
    ]
    write_output_file(options.out, ["\n".join([*lines, ""]).encode()])


def main() -> int:
    """The command; its exit status."""
    parser = options_of("experiments.reranking.choose", __doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("runs/reranking/rescoring.toml"))
    options = parser.parse_args()
    return exit_status(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
