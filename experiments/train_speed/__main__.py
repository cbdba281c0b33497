"""# What makes a training step fast

    AZSIM_RUNS=... python -m experiments.train_speed --out reports/train_speed

Utterances per second of one core, by the recipe's last stage, with everything that makes a step fast and with one of
these undone at a time: the LSTM as one function, cheap dropout, the band around an alignment of the corpus made once
(`python -m azsim.train.align`), and batches twice as large. Every way takes the same utterances, a step in turn with
all the others in an order that goes round, on one thread; processor time counts. With `--learn` each of the first and
the last way also trains for so many steps from the same network on the same data, and the word error rates of the
development sets are shown: they should not differ by more than their intervals.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

import msgspec
import numpy as np
import torch
from torch.nn import functional

from azsim.report.page import write_page
from azsim.train import model as model_module
from azsim.train.command import CORPUS, exit_status, exported
from azsim.train.data import StoredUtterance
from azsim.train.decode import recognise, word_errors
from azsim.train.recipe import Recipe
from azsim.train.recipe_file import load_recipe
from azsim.train.start import Place
from azsim.train.trainer import Trainer
from experiments.options import options_of
from experiments.studies.cells import write_csv
from experiments.studies.runs import finished_corpus, runs_folder

WARM_UP_STEPS = 2
HEARD = ("dev-seen", "dev-unseen")


@dataclass(frozen=True)
class Way:
    """How steps are computed."""

    name: str
    own_lstm: bool = True
    own_dropout: bool = True
    aligned: bool = True
    utterances: int = 2


WAYS = (
    Way("all of it"),
    Way("PyTorch's LSTM", own_lstm=False),
    Way("PyTorch's dropout", own_dropout=False),
    Way("the wide band", aligned=False),
    Way("half the batch", utterances=1),
    Way("none of it", own_lstm=False, own_dropout=False, aligned=False, utterances=1),
)


@dataclass(frozen=True)
class TrainingSpeed:
    """One way: how fast, and what it learned where that was asked for."""

    way: str
    utterances_per_core_s: float
    over_none: float
    wer_percent: float | None = None


@contextmanager
def in_place(way: Way) -> Iterator[None]:
    """PyTorch's own functions where the way asks for them."""
    patches = []
    if not way.own_lstm:
        patches.append(mock.patch.object(model_module, "lstm", lambda layer, x, state: layer(x, state)))
    if not way.own_dropout:
        patches.append(mock.patch.object(model_module, "dropped", lambda x, share: functional.dropout(x, share)))
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()


def step(trainer: Trainer, way: Way, chosen: Sequence[StoredUtterance]) -> None:
    """One update, or two of half as many utterances."""
    if not way.aligned:
        chosen = [replace(utterance, letter_frames=None) for utterance in chosen]
    with in_place(way):
        if way.utterances == 2:
            trainer.step(chosen)
        else:
            for part in (chosen[::2], chosen[1::2]):
                if part:
                    trainer.step(part)


def trainer_of(options: argparse.Namespace, way: Way, scratch: Path) -> Trainer:
    """A run that is not kept, in its recipe's last stage."""
    recipe: Recipe = load_recipe(options.recipe)[1]
    recipe = msgspec.structs.replace(recipe, workers=1, stages=recipe.stages[-1:], respelled=False, normalisation=None)
    out = scratch / way.name.replace(" ", "-")
    out.mkdir()
    start = exported(options.start or recipe.start, options.runs)
    trainer = Trainer(recipe, Place(way.name, finished_corpus(options.corpus), out, start))
    trainer.model.train()
    return trainer


def speeds(options: argparse.Namespace, scratch: Path) -> dict[str, float]:
    """Utterances per second of processor time of each way, the median over steps."""
    trainers = {way: trainer_of(options, way, scratch) for way in WAYS}
    batches = trainers[WAYS[0]].batches()
    found: dict[Way, list[float]] = {way: [] for way in WAYS}
    for number in range(WARM_UP_STEPS + options.steps):
        chosen = next(batches)
        for each in trainers.values():
            each.noises = trainers[WAYS[0]].noises
        for index in np.roll(np.arange(len(WAYS)), number):
            way = WAYS[index]
            began = time.process_time()
            step(trainers[way], way, chosen)
            if number >= WARM_UP_STEPS:
                found[way].append(len(chosen) / (time.process_time() - began))
    return {way.name: float(np.median(each)) for way, each in found.items()}


def learned(options: argparse.Namespace, way: Way, scratch: Path) -> float:
    """Word error rate after training one way, in percent."""
    trainer = trainer_of(options, replace(way, name=f"{way.name} learning"), scratch)
    for _, chosen in zip(range(options.learn), trainer.batches(), strict=False):
        step(trainer, way, chosen)
    heard = [u for split in HEARD for u in trainer.splits.get(split, [])]
    errors, words = word_errors(recognise(trainer.model, heard, trainer.pieces, trainer.normaliser))
    return 100 * errors / words


def study(options: argparse.Namespace) -> None:
    """Measure and write."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        found = speeds(options, Path(scratch))
        rates: dict[str, float] = {}
        for way in (WAYS[0], WAYS[-1]) if options.learn else ():
            rates[way.name] = learned(options, way, Path(scratch))
    slowest = found[WAYS[-1].name]
    rows = [TrainingSpeed(name, speed, speed / slowest, rates.get(name)) for name, speed in found.items()]
    options.out.mkdir(parents=True, exist_ok=True)
    write_csv(rows, options.out / "train_speed.csv")
    lines = ["| way | utterances per core-second | over none of it | WER % |", "|:--|--:|--:|--:|"]
    for row in rows:
        wer = "" if row.wer_percent is None else f"{row.wer_percent:.1f}"
        lines.append(f"| {row.way} | {row.utterances_per_core_s:.0f} | {row.over_none:.2f} x | {wer} |")
    said = f"Recipe `{options.recipe}`, {options.steps} steps of each way"
    said += f"; {options.learn} steps of learning.\n" if options.learn else ".\n"
    write_page(options.out, f"{__doc__}\n" + "\n".join(lines) + f"\n\n{said}")
    print("\n".join(lines))


def main() -> int:
    """The command; its exit status."""
    parser = options_of(__package__, __doc__)
    parser.add_argument("--recipe", default="wide")
    parser.add_argument("--start", default="", help="a network that goes on, other than the recipe's")
    parser.add_argument("--runs", type=Path, default=runs_folder())
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--learn", type=int, default=0, help="steps that the first and the last way train for")
    parser.add_argument("--out", type=Path, default=Path("runs/train_speed"))
    options = parser.parse_args()
    return exit_status(lambda: study(options))


if __name__ == "__main__":
    sys.exit(main())
