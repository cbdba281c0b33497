"""Contention: what a loaded device does to speech and music, and how much headroom compression buys.

    python -m experiments.contention [--out reports/contention] [--utterances 3] [--workers 2]

The production-size recogniser in five compression configurations on az1, music playing, while other traffic goes
through the memory: four streams of 64 KiB requests at the cores' port and priority. One factor after another: the load
of that traffic under every arbitration policy, the speed of the DRAM, networks that share the processor, the bit rate
of the music. Then the load at which the first step misses its deadline is searched for, to 0.1 GB/s. Answers are kept
as they come (runs/contention-3.jsonl), and a run that was stopped goes on from there. Writes contention.csv, five
figures as SVG and PNG, and README.md.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path

import msgspec
import numpy as np

from azsim.compare.experiment import load_experiment
from azsim.compare.pool import Pool
from azsim.compare.runner import make_setup
from azsim.compare.setup import Setup
from azsim.resources import shipped
from experiments.contention.play import Bench, PlayableConfiguration, make_material, perform
from experiments.contention.points import (
    SEARCHED,
    SHOWN,
    Kept,
    LimitSearch,
    LoadPoint,
    Task,
    Waits,
    config_of,
    points_of,
)
from experiments.contention.report import write
from experiments.options import options_of


def make_bench(setup: Setup, configs: Collection[str], workers: int) -> Bench:
    """The configurations that are needed, made ready in processes of their own."""
    needed = [each for each in setup.experiment.configuration if each.name in configs]
    materials: dict[str, PlayableConfiguration] = {}
    with Pool(make_material, setup, min(workers, len(needed))) as pool:
        for _, material in pool.answers(needed):
            materials[material.config] = material
            print(f"ready: {material.config}", flush=True)
    return Bench(setup.device, setup.music, materials)


def main() -> None:
    """Prepare, run what is not there yet, write."""
    options = options_of(__package__, __doc__)
    options.add_argument("--out", type=Path, default=Path("runs") / "contention")
    options.add_argument("--utterances", type=int, default=3)
    options.add_argument("--workers", type=int, default=2)
    chosen = options.parse_args()
    experiment, path = load_experiment(None)
    companions, _ = load_experiment(shipped("experiments", "sharing/companions.toml"))
    production = msgspec.structs.replace(experiment.production, utterances=chosen.utterances)
    streamed = tuple(msgspec.structs.replace(stage, residency={"*": "streamed"}) for stage in companions.stage)
    experiment = msgspec.structs.replace(experiment, stage=streamed, production=production)
    setup = make_setup(experiment, path, limit=chosen.utterances)
    configs = [configuration.name for configuration in experiment.configuration]
    points = points_of(configs)
    searches = [LimitSearch(LoadPoint(config, policy)) for config in configs for policy in SEARCHED]
    waits = [Waits(LoadPoint(config, "fifo", 3.0)) for config in SHOWN]
    answers = Path("runs") / f"contention-{chosen.utterances}.jsonl"
    answers.parent.mkdir(exist_ok=True)
    kept = Kept(answers)
    tasks: list[Task] = [task for task in [*searches, *points, *waits] if task not in kept]
    bench = make_bench(setup, {config_of(task) for task in tasks}, chosen.workers)
    with Pool(perform, bench, chosen.workers) as pool:
        for number, (index, answer) in enumerate(pool.answers(tasks), start=1):
            kept.put(tasks[index], answer)
            print(f"{number}/{len(tasks)}: {tasks[index]}", flush=True)
    write(
        chosen.out,
        rows=[asdict(point) | asdict(kept.measures(point)) for point in points],
        headroom={(search.point.config, search.point.policy): kept.load(search) for search in searches},
        waits={task.point.config: np.array(kept.waits(task)) for task in waits},
        utterances=len(setup.utterances),
    )


if __name__ == "__main__":
    main()
