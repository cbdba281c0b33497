"""# What each way of training costs per step

    AZSIM_RUNS=... python -m experiments.training_cost --out reports/training_cost

Every way takes the same batches of the same corpus, a step in turn with all the others in an order that goes round, on
one thread; processor time counts, so that what else the machine does falls on all of them alike. Shown is the median
time of a step and its ratio to the control, which trains without compression.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import torch

from azsim.report.page import write_page
from azsim.train.command import CORPUS, exit_status, exported
from azsim.train.recipe_file import load_recipe
from azsim.train.start import Place
from azsim.train.trainer import Trainer
from experiments.options import options_of
from experiments.studies.runs import finished_corpus, runs_folder

CONTROL = "quantisation/control"
WAYS = {
    "control": CONTROL,
    "fake-quant, 4 bits": "quantisation/fake-quant-4",
    "regularised, 4 bits": "quantisation/regularised-4",
    "multi-regional, 4 bits": "quantisation/multi-regional-4",
    "the chip's activations, 4 bits": "quantisation/chip-4",
    "gradual, 80 % zeros": "sparsity/gradual-80",
    "compressed sensing, 80 % zeros": "sparsity/sensing-80",
    "balanced, 80 % zeros": "sparsity/balanced-80",
    "4 bits and 80 % zeros": "sparsity/gradual-80-4bit",
    "a teacher beside it": "distilled/lattice",
}
WARM_UP_STEPS = 3


def trainers(options: argparse.Namespace, scratch: Path) -> Iterator[tuple[str, Trainer]]:
    """One run per way, none of which is kept, all on the data of the control."""
    start, corpus = exported(options.start, options.runs), finished_corpus(options.corpus)
    stages = load_recipe(CONTROL)[1].stages
    for way, name in WAYS.items():
        recipe = load_recipe(name)[1]
        place = Place(
            name=name,
            corpus=corpus,
            out=scratch / name,
            start=start,
            teacher=exported(options.teacher, options.runs) if recipe.distillation else None,
        )
        place.out.mkdir(parents=True)
        yield way, Trainer(msgspec.structs.replace(recipe, stages=stages), place)


def measure(running: dict[str, Trainer], steps: int) -> dict[str, list[float]]:
    """Seconds of each step of each way, one step of each in turn."""
    batches = {way: trainer.batches() for way, trainer in running.items()}
    seconds: dict[str, list[float]] = {way: [] for way in running}
    for step in range(WARM_UP_STEPS + steps):
        for way in np.roll(list(running), step):
            chosen = next(batches[way])
            began = time.process_time()
            running[way].step(chosen)
            if step >= WARM_UP_STEPS:
                seconds[way].append(time.process_time() - began)
    return seconds


def study(options: argparse.Namespace) -> None:
    """Measure, print, write."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        seconds = measure(dict(trainers(options, Path(scratch))), options.steps)
    rows = []
    for way, times in seconds.items():
        ratios = np.array(times) / np.array(seconds["control"])
        low, high = np.percentile(ratios, (25, 75))
        rows.append((way, WAYS[way], 1000 * float(np.median(times)), float(np.median(ratios)), float(low), float(high)))
    options.out.mkdir(parents=True, exist_ok=True)
    with (options.out / "training_cost.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("way", "recipe", "median_step_ms", "median_over_control", "quartile_low", "quartile_high"))
        writer.writerows((*row[:2], *(f"{value:.4g}" for value in row[2:])) for row in rows)
    lines = ["| way | recipe | ms/step | over control | quartiles |", "|:--|:--|--:|--:|:--|"]
    lines += [f"| {w} | `{r}` | {ms:.0f} | {x:.2f} x | {a:.2f} to {b:.2f} |" for w, r, ms, x, a, b in rows]
    text = f"{__doc__}\n" + "\n".join(lines) + f"\n\n{options.steps} steps of each way.\n"
    write_page(options.out, text)
    print(text)


def main() -> int:
    """The command; its exit status."""
    parser = options_of(__package__, __doc__)
    parser.add_argument("--start", default="student", help="network that goes on: a run's, a model's name, or a path")
    parser.add_argument("--teacher", default="teacher")
    parser.add_argument("--runs", type=Path, default=runs_folder())
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--out", type=Path, default=Path("runs/training_cost"))
    options = parser.parse_args()
    return exit_status(lambda: study(options))


if __name__ == "__main__":
    sys.exit(main())
