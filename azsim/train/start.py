"""What a run starts from: a checkpoint of its own, another network, or nothing but the corpus.

::

    checkpoint ──────────┐
    exported network ────┼──> setup (word pieces, a sentence's end, sizes), feature statistics, network
    corpus ──────────────┘
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from azsim.errors import InputError
from azsim.nn.normalisation import Normalisation
from azsim.nn.rnnt.network import NO_LABEL
from azsim.train.branching import branched
from azsim.train.checkpoint import Checkpoint, RunConstants
from azsim.train.data import COMMANDS, REAL_TRAIN, TRAIN, Normaliser, StoredUtterance
from azsim.train.export import load_model
from azsim.train.model import Shape, Transducer
from azsim.train.recipe import NOISES, RECORDED, SCRATCH, Recipe
from azsim.train.repiece import respelled
from azsim.train.resize import resized
from azsim.train.sentence_end import with_sentence_end
from azsim.train.tokens import train_pieces

STATISTICS_UTTERANCES = 1500


@dataclass(frozen=True)
class Place:
    """Where a run reads and writes.

    Attributes:
        name: the recipe's.
        corpus: folder of feature folders.
        out: where checkpoints and curves go.
        start: exported network to go on from; None from scratch.
        teacher: exported network to learn from; None without.
        spelling: exported network whose word pieces a network from scratch takes; None to measure them.
        is_quiet: no log of its steps and no bar; what should not be is still said.
    """

    name: str
    corpus: Path
    out: Path
    start: Path | None = None
    teacher: Path | None = None
    spelling: Path | None = None
    is_quiet: bool = False


@dataclass(frozen=True)
class Start:
    """A run before its first step: what stays the same, the statistics of the features, the network."""

    setup: RunConstants
    normaliser: Normaliser
    model: Transducer


def check_noises(recipe: Recipe, corpus: Path, splits: Mapping[str, Sequence[StoredUtterance]]) -> None:
    """Refuse a recipe that names noise which the corpus does not have, while it has other noise.

    Recorded noise may be missing, and so may what a recipe leaves at its default.

    Raises:
        InputError: so it is.
    """
    for stage in recipe.stages:
        mix = stage.mix
        there = [split for split in dict.fromkeys((*NOISES, RECORDED, *mix.noises)) if split in splits]
        missing = [split for split in mix.noises if split not in (*there, RECORDED)]
        if mix.augmented and mix.noises != NOISES and there and missing:
            raise InputError(
                f"stages {stage.name!r}: mix.noises: {corpus} has no split {missing[0]!r}; there are {', '.join(there)}"
            )


def resumed_start(checkpoint: Checkpoint) -> Start:
    """The run that a checkpoint belongs to; the network's weights are restored with the optimiser's state."""
    setup = checkpoint.setup
    normaliser = Normaliser(*(checkpoint.tensors[name].numpy() for name in ("mean", "inv_std")), setup.normalisation)
    return Start(setup, normaliser, Transducer(setup.shape))


def start_from(
    path: Path,
    recipe: Recipe,
    splits: Mapping[str, Sequence[StoredUtterance]] | None = None,
    corpus: Path | None = None,
) -> Start:
    """Go on from an exported network, with other pieces, features, sizes, labels or branches if the recipe says so.

    Raises:
        InputError: the file cannot be read as one, or cannot be resized to the recipe's sizes.
    """
    model, normaliser, pieces, card = load_model(path)
    splits = splits or {}
    spoken = [*splits.get(TRAIN, []), *splits.get(REAL_TRAIN, [])]
    if recipe.respelled:
        learned = train_pieces(texts(corpus, spoken), recipe.sizes.pieces)
        model, pieces = respelled(model, pieces, learned), learned
    if recipe.normalisation and recipe.normalisation != normaliser.normalisation:
        normaliser = measured(spoken, recipe, recipe.normalisation)
    if recipe.sentence_end and pieces.sentence_end == NO_LABEL:
        model, pieces = with_sentence_end(model), pieces.with_sentence_end()
    if recipe.resized:
        sizes = recipe.sizes
        model = resized(
            model,
            Shape(len(pieces), sizes.hidden, sizes.embedding, sizes.joint, sizes.prediction, sizes.bidirectional),
        )
    if recipe.branching:
        model = branched(model, recipe.branching)
    shape = model.shape
    setup = RunConstants(
        recipe.seed,
        list(pieces.strings),
        shape.hidden,
        shape.embedding,
        shape.joint,
        shape.predicted,
        shape.bidirectional,
        shape.branch_rank,
        shape.arbiter,
        card.trained.recipe or card.name,
        normaliser.normalisation,
    )
    return Start(setup, normaliser, model)


def texts(corpus: Path | None, spoken: Sequence[StoredUtterance]) -> list[str]:
    """What training speech says, and the commands beside it, of which only some may be spoken yet."""
    commands = corpus / COMMANDS if corpus else None
    more = commands.read_text().splitlines() if commands and commands.exists() else []
    return [*(u.line.text for u in spoken), *more]


def measured(spoken: Sequence[StoredUtterance], recipe: Recipe, normalisation: Normalisation) -> Normaliser:
    """Statistics of normalised features over a sample of training speech."""
    chosen = np.random.default_rng(recipe.seed).permutation(len(spoken))[:STATISTICS_UTTERANCES]
    return Normaliser.measure([spoken[i] for i in chosen], normalisation)


def start_from_scratch(recipe: Recipe, place: Place, splits: Mapping[str, Sequence[StoredUtterance]]) -> Start:
    """A new network; word pieces and statistics are measured on the training speech, or another network's.

    Raises:
        InputError: the corpus has no training speech.
    """
    spoken = [*splits.get(TRAIN, []), *splits.get(REAL_TRAIN, [])]
    if not spoken:
        raise InputError(
            f"{place.corpus}: no finished folder with utterances of split {TRAIN!r}; make one: "
            f"python -m azsim.train.corpus build --out {place.corpus}"
        )
    sizes = recipe.sizes
    spelling = place.teacher or place.spelling  # a student must spell as its teacher does
    if spelling:
        _, normaliser, pieces, _ = load_model(spelling)
    else:
        pieces = train_pieces(texts(place.corpus, spoken), sizes.pieces)
        normaliser = measured(spoken, recipe, recipe.normalisation or "global")
    if recipe.sentence_end:
        pieces = pieces.with_sentence_end()
    setup = RunConstants(
        recipe.seed, list(pieces.strings), sizes.hidden, sizes.embedding, sizes.joint, sizes.prediction,
        sizes.bidirectional, start=SCRATCH, normalisation=normaliser.normalisation,
    )  # fmt: skip
    return Start(setup, normaliser, Transducer(setup.shape))
