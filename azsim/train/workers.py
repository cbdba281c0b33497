"""Run a training with one process or several that share every step.

::

    worker 0 ── gradient ─┐
                          ├─ sum ── the same Adam step in both
    worker 1 ── gradient ─┘
"""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path

import torch
import torch.distributed
import torch.multiprocessing

from azsim.train.recipe import Recipe
from azsim.train.start import Place
from azsim.train.trainer import Trainer


def work(rank: int, recipe: Recipe, place: Place, meeting_point: str) -> None:
    """Run one worker; ``meeting_point`` is a file name by which workers find each other."""
    torch.set_num_threads(1)
    logging.basicConfig(level=logging.INFO if rank == 0 else logging.WARNING, format="%(asctime)s %(message)s")
    if recipe.workers > 1:
        torch.distributed.init_process_group(
            "gloo", init_method=f"file://{meeting_point}", rank=rank, world_size=recipe.workers
        )
    Trainer(recipe, place, rank).run()
    if recipe.workers > 1:
        torch.distributed.destroy_process_group()


def train(recipe: Recipe, place: Place) -> None:
    """Train with as many processes as the recipe says; goes on where an earlier run was stopped."""
    place.out.mkdir(parents=True, exist_ok=True)
    if recipe.workers == 1:
        work(0, recipe, place, "")
        return
    os.environ |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    with tempfile.TemporaryDirectory() as folder:
        meeting_point = str(Path(folder) / "meeting")
        torch.multiprocessing.spawn(work, (recipe, place, meeting_point), nprocs=recipe.workers)
