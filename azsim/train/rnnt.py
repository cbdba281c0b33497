"""Train the streaming recogniser: ``python -m azsim.train.rnnt --corpus DIR --out DIR``.

::

    worker 0 ── gradient ─┐
                          ├─ sum ── the same Adam step in both
    worker 1 ── gradient ─┘

Run again with the same ``--out`` and it goes on where it stopped.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
from pathlib import Path

import torch
import torch.distributed
import torch.multiprocessing

from azsim.errors import InputError
from azsim.train.command import exit_status
from azsim.train.trainer import Settings, Trainer


def work(rank: int, settings: Settings, meeting_point: str) -> None:
    """Run one worker; ``meeting_point`` is a file name by which workers find each other."""
    torch.set_num_threads(1)
    logging.basicConfig(level=logging.INFO if rank == 0 else logging.WARNING, format="%(asctime)s %(message)s")
    if settings.workers > 1:
        torch.distributed.init_process_group(
            "gloo", init_method=f"file://{meeting_point}", rank=rank, world_size=settings.workers
        )
    Trainer(settings, rank).run()
    if settings.workers > 1:
        torch.distributed.destroy_process_group()


def train(settings: Settings) -> None:
    """Train with as many processes as the settings say."""
    settings.out.mkdir(parents=True, exist_ok=True)
    if settings.workers == 1:
        work(0, settings, "")
        return
    os.environ |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    with tempfile.TemporaryDirectory() as folder:
        meeting_point = str(Path(folder) / "meeting")
        torch.multiprocessing.spawn(work, (settings, meeting_point), nprocs=settings.workers)


def parse(arguments: list[str]) -> Settings:
    """Settings from the command line."""
    parser = argparse.ArgumentParser(prog="python -m azsim.train.rnnt", description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, required=True, help="folder of feature folders")
    parser.add_argument("--out", type=Path, required=True, help="checkpoints and curve; resumed if there")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--steps", type=int, default=0, help="length in steps instead of minutes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pieces", type=int, default=401, help="labels, the blank among them")
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument(
        "--bfloat16", action="store_true", help="matrix products in bfloat16: twice as fast on processors with AMX"
    )
    given = parser.parse_args(arguments)
    if given.workers < 1 or given.minutes <= 0 or given.steps < 0:
        raise InputError("--workers must be at least 1, --minutes above 0, --steps at least 0")
    return Settings(
        corpus=given.corpus,
        out=given.out,
        workers=given.workers,
        minutes=given.minutes,
        steps=given.steps,
        seed=given.seed,
        vocabulary=given.pieces,
        hidden=given.hidden,
        bfloat16=given.bfloat16,
    )


def main() -> int:
    """Command line entry; the exit status."""
    return exit_status(lambda: train(parse(sys.argv[1:])))


if __name__ == "__main__":
    sys.exit(main())
