"""Successive releases, each fine-tuned from the one before: ``python -m azsim.train.release --from MODEL``.

::

    MODEL ──steps──> 1 ──steps──> 2 ──steps──> ...      OUT/release-1.safetensors, OUT/release-2.safetensors, ...
             │
             └ with --share or --matrices: only these weights move, all others and every bias stay as they are

Each is a run of the one training loop, by a recipe that the settings make (`azsim.train.subset` holds the rest).
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from azsim.errors import InputError
from azsim.parsing import OneLineParser
from azsim.train.command import exit_status
from azsim.train.export import load_model
from azsim.train.recipe import Mix, Recipe, RecipeStage, Schedule, TrainedSubset
from azsim.train.start import Place
from azsim.train.workers import train

WARM_UP_STEPS = 5
MIX = Mix(augmented=True, real_repeats=4, max_frames=900, batch_frames=4800, coffee_share=0.25)


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

    def recipe(self, release: int) -> Recipe:
        """How one of them is trained: each on other batches, the same weights in all of them."""
        is_masked = self.share < 1 or bool(self.matrices)
        return Recipe(
            title="a release that is fine-tuned from the one before",
            seed=self.seed + release,
            bfloat16=False,
            schedule=Schedule(self.steps, self.learning_rate, WARM_UP_STEPS, last_share=0.0),
            stages=(RecipeStage("release", MIX, measure_every_steps=0),),
            subset=TrainedSubset(self.share, self.matrices, self.seed) if is_masked else None,
        )


def make_releases(settings: Settings) -> list[Path]:
    """Train and write them; returns their files in order. A series that was stopped goes on where it was."""
    source = settings.source / "model.safetensors" if settings.source.is_dir() else settings.source
    name = load_model(source)[3].name
    _remember(settings)
    files: list[Path] = []
    for release in range(1, settings.releases + 1):
        run = settings.out / f"release-{release}"
        train(settings.recipe(release), Place(name, settings.corpus, run, files[-1] if files else source))
        files.append(run.with_suffix(".safetensors"))
        partial = files[-1].with_suffix(f".partial{os.getpid()}")
        shutil.copyfile(run / "final.safetensors", partial)
        os.replace(partial, files[-1])
    return files


def _remember(settings: Settings) -> None:
    """Write down what the series is, so that it does not go on as another one.

    Raises:
        InputError: the folder holds another series.
    """
    path = settings.out / "series.json"
    said = msgspec.json.encode(msgspec.to_builtins(asdict(settings), enc_hook=str), order="sorted")
    if path.exists() and path.read_bytes() != said:
        raise InputError(f"--out {settings.out}: holds releases of other settings ({path.name}); name another folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(said)


def parse(arguments: Sequence[str]) -> Settings:
    """Settings from the command line."""
    parser = OneLineParser(prog="python -m azsim.train.release", description=__doc__.splitlines()[0])
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
