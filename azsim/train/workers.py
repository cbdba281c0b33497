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
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from pathlib import Path

import torch
import torch.distributed
import torch.multiprocessing

from azsim.errors import AzsimError
from azsim.spawned import safe_path
from azsim.train.recipe import Recipe
from azsim.train.start import Place
from azsim.train.trainer import Trainer


def work(rank: int, recipe: Recipe, place: Place, meeting_point: str) -> None:
    """Run one worker; ``meeting_point`` is a file name by which workers find each other."""
    torch.set_num_threads(1)
    says = logging.INFO if rank == 0 and not place.is_quiet else logging.WARNING
    logging.basicConfig(level=says, format="%(asctime)s %(message)s")
    if recipe.workers > 1:
        torch.distributed.init_process_group(
            "gloo", init_method=f"file://{meeting_point}", rank=rank, world_size=recipe.workers
        )
    Trainer(recipe, place, rank).run()
    if recipe.workers > 1:
        torch.distributed.destroy_process_group()


def _work(rank: int, recipe: Recipe, place: Place, meeting_point: str, errors: SimpleQueue[AzsimError]) -> None:
    """`work` in a process of its own; what it can explain is put into the queue ``errors`` as well."""
    try:
        work(rank, recipe, place, meeting_point)
    except AzsimError as error:
        errors.put(error)
        raise


def train(recipe: Recipe, place: Place) -> None:
    """Train with as many processes as the recipe says; goes on where an earlier run was stopped.

    Raises:
        AzsimError: what the worker that failed first could explain.
    """
    place.out.mkdir(parents=True, exist_ok=True)
    if recipe.workers == 1:
        work(0, recipe, place, "")
        return
    logging.getLogger("torch.multiprocessing.spawn").setLevel(logging.ERROR)  # which workers it ends is no news
    os.environ |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    with tempfile.TemporaryDirectory() as folder:
        meeting_point = str(Path(folder) / "meeting")
        errors: SimpleQueue[AzsimError] = get_context("spawn").SimpleQueue()
        try:
            with safe_path():
                torch.multiprocessing.spawn(_work, (recipe, place, meeting_point, errors), nprocs=recipe.workers)
        except torch.multiprocessing.ProcessRaisedException:
            if errors.empty():
                raise
            raise errors.get() from None
