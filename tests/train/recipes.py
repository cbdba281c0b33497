"""Small recipes that several tests of training share."""

from __future__ import annotations

from pathlib import Path

import msgspec

from azsim.train.recipe import Mix, NetworkSizes, Recipe, RecipeStage, Schedule

CLEAN = Mix(augmented=False, real_repeats=1, max_frames=300, batch_frames=2000)
VARIED = Mix(augmented=True, real_repeats=1, max_frames=300, batch_frames=2000)


def tiny_recipe(steps: int = 8, flat_steps: int = 3, **changes: object) -> Recipe:
    """A network of 24 cells: some steps of flat start, then the transducer on varied speech."""
    recipe = Recipe(
        title="tiny",
        bfloat16=False,
        sizes=NetworkSizes(pieces=14, hidden=24, prediction=24, embedding=24, joint=24),
        schedule=Schedule(steps=steps, peak_learning_rate=2e-3, warm_up_steps=4),
        stages=(
            RecipeStage("flat", CLEAN, transducer=False, at_most=flat_steps, measure_every_steps=0),
            RecipeStage("augmented", VARIED, ctc_weight=0.3, measure_every_steps=4),
        ),
    )
    return msgspec.structs.replace(recipe, **changes)


def place_in(corpus: Path, out: Path, **more: Path) -> object:
    """Where a tiny run reads and writes."""
    from azsim.train.start import Place

    out.mkdir(parents=True, exist_ok=True)
    return Place(name="tiny", corpus=corpus, out=out, **more)
