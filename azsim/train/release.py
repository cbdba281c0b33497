"""Successive releases, each fine-tuned from the one before: ``python -m azsim.train.release --from MODEL``.

::

    MODEL ──steps──> 1 ──steps──> 2 ──steps──> ...      OUT/release-1.safetensors, OUT/release-2.safetensors, ...
             │
             └ with --share or --matrices: only these weights move, all others and every bias stay as they are

**Source:** training a subset for small updates, arXiv:2108.01561.
"""

from __future__ import annotations

import argparse
import logging
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import torch

from azsim.compress.update.mask import seeded_mask
from azsim.errors import InputError
from azsim.train.batch import Manner, make_batch
from azsim.train.command import exit_status
from azsim.train.data import REAL_TRAIN, TRAIN, Utterance, complete_folders, load_utterances, of_splits, plan_epoch
from azsim.train.export import Trained, exported_tensors, load_model, save_model
from azsim.train.flat import FlatParameters
from azsim.train.model import Transducer
from azsim.train.recipe import Mix
from azsim.train.rnnt_loss import rnnt_loss
from azsim.train.trainer import LARGEST_GRADIENT_NORM

WARM_UP_STEPS = 5
MIX = Mix(augmented=True, real_repeats=4, max_frames=900, batch_frames=4800, coffee_share=0.25)
LOG_EVERY_STEPS = 10

log = logging.getLogger("azsim.train")


@dataclass(frozen=True)
class Settings:
    """What a series of releases was asked to be.

    Attributes:
        source: exported model.
        corpus, out: folders.
        releases: how many.
        steps: updates of the weights in each.
        learning_rate: at its highest; it falls to zero within each release.
        seed: of batches, augmentation and masks.
        share: of the weights of each chosen matrix that may move; 1 for all of them.
        matrices: patterns of names; with none, all weights and biases move.
    """

    source: Path
    corpus: Path
    out: Path
    releases: int
    steps: int
    learning_rate: float
    seed: int
    share: float = 1.0
    matrices: tuple[str, ...] = ()

    @property
    def is_masked(self) -> bool:
        """Whether some weights are held."""
        return self.share < 1 or bool(self.matrices)


def movable(settings: Settings, names: Mapping[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """Matrix name -> bool, where its weights may move; a matrix that is not named stays as it is.

    Raises:
        InputError: a pattern matches no matrix.
    """
    matrices = {name: tensor for name, tensor in names.items() if tensor.ndim == 2}
    for pattern in settings.matrices:
        if not any(fnmatchcase(name, pattern) for name in matrices):
            raise InputError(f"--matrices {pattern!r}: matches no matrix; there are {', '.join(matrices)}")
    chosen = [
        name for name in matrices if not settings.matrices or any(fnmatchcase(name, p) for p in settings.matrices)
    ]
    if settings.share == 1:
        return {name: np.ones(tuple(matrices[name].shape), bool) for name in chosen}
    return {name: seeded_mask(settings.seed, name, settings.share).of(tuple(matrices[name].shape)) for name in chosen}


class Hold:
    """Clears the gradient of every weight that must not move: Adam, which starts at zero, then leaves it alone."""

    def __init__(self, model: Transducer, settings: Settings) -> None:
        self._kept: list[tuple[torch.nn.Parameter, torch.Tensor | None]] = []
        if not settings.is_masked:
            return
        tensors = exported_tensors(model)
        places = {tensors[name].data_ptr(): torch.from_numpy(mask) for name, mask in movable(settings, tensors).items()}
        self._kept = [(parameter, places.get(parameter.data_ptr())) for parameter in model.parameters()]

    def apply(self) -> None:
        """Do it."""
        for parameter, mask in self._kept:
            if mask is None:
                parameter.grad.zero_()
            else:
                parameter.grad.mul_(mask)


def fine_tuning_batches(splits: Mapping[str, Sequence[Utterance]], seed: int) -> Iterator[Sequence[Utterance]]:
    """Batches without end.

    Raises:
        InputError: the corpus has no training speech.
    """
    epoch = 0
    while True:
        plan = plan_epoch(splits.get(TRAIN, []), splits.get(REAL_TRAIN, []), MIX, (seed, epoch))
        if not plan:
            raise InputError(f"the corpus has no utterances of split {TRAIN!r}")
        yield from plan
        epoch += 1


def make_releases(settings: Settings) -> list[Path]:
    """Train and write them; returns their files in order."""
    torch.set_num_threads(1)
    source = settings.source / "model.safetensors" if settings.source.is_dir() else settings.source
    model, normaliser, pieces, card = load_model(source)
    splits = load_utterances(settings.corpus, complete_folders(settings.corpus))
    noises = [u.features for u in of_splits(splits, MIX.noises)]
    batches = fine_tuning_batches(splits, settings.seed)
    files = []
    for release in range(1, settings.releases + 1):
        flat = FlatParameters(model, 0)
        hold = Hold(model, settings)
        model.train()
        for step in range(settings.steps):
            seed = (settings.seed, release, step)
            rng = np.random.default_rng(seed)
            torch.manual_seed(int(rng.integers(2**62)))
            batch = make_batch(next(batches), pieces, normaliser, noises, True, Manner.draw(rng), rng)
            flat.zero()
            loss = rnnt_loss(model.logits(model.encode(torch.from_numpy(batch.features)), batch.cells), batch.cells)
            loss.backward()
            hold.apply()
            labels = sum(len(each) for each in batch.cells.labels)
            falling = 0.5 * (1 + math.cos(math.pi * step / settings.steps))
            rate = settings.learning_rate * min(1, (step + 1) / WARM_UP_STEPS) * falling
            flat.average(labels, LARGEST_GRADIENT_NORM)
            flat.step(rate)
            if step % LOG_EVERY_STEPS == 0:
                log.info("release %d step %d rnnt %.3f nats per label", release, step, loss.item() / labels)
        trained = Trained(settings.seed, card.trained.steps + release * settings.steps, card.trained.hours)
        files.append(settings.out / f"release-{release}.safetensors")
        save_model(files[-1], model, normaliser, pieces, card.name, trained)
    return files


def parse(arguments: Sequence[str]) -> Settings:
    """Settings from the command line."""
    parser = argparse.ArgumentParser(prog="python -m azsim.train.release", description=__doc__.splitlines()[0])
    parser.add_argument("--from", dest="source", type=Path, required=True, help="exported model, or its folder")
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder to write release-N.safetensors to")
    parser.add_argument("--releases", type=int, default=5)
    parser.add_argument("--steps", type=int, default=60, help="updates of the weights per release")
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--share", type=float, default=1.0, help="of the weights that may move, drawn by the seed")
    parser.add_argument("--matrices", nargs="+", default=(), metavar="PATTERN", help="only these matrices move")
    given = parser.parse_args(arguments)
    if not 0 < given.share <= 1:
        raise InputError(f"--share {given.share}: must be above 0 and at most 1")
    if given.releases < 1 or given.steps < 1 or given.learning_rate <= 0:
        raise InputError("--releases and --steps must be at least 1, --learning-rate above 0")
    return Settings(
        given.source, given.corpus, given.out, given.releases, given.steps, given.learning_rate, given.seed,
        given.share, tuple(given.matrices),
    )  # fmt: skip


def main() -> int:
    """Command line entry; the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    return exit_status(lambda: make_releases(parse(sys.argv[1:])) and None)


if __name__ == "__main__":
    sys.exit(main())
