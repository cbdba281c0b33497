"""Which mechanisms a recipe asks for, in the order in which they act: zeros first, then the values of what is left."""

from __future__ import annotations

from pathlib import Path

from azsim.train.activations import ChipActivations
from azsim.train.branching import BranchChoice
from azsim.train.distillation import Distiller
from azsim.train.mechanism import Mechanism
from azsim.train.model import Transducer
from azsim.train.mwer import MinimumErrors
from azsim.train.quantisation import Quantiser
from azsim.train.recipe import Recipe
from azsim.train.sparsity import Sparsifier
from azsim.train.subset import GradientMask
from azsim.train.tokens import Pieces


def build_mechanisms(recipe: Recipe, teacher: Path | None, model: Transducer, pieces: Pieces) -> list[Mechanism]:
    """The mechanisms of a recipe; may add helper layers to the model, so it comes before its parameters are counted."""
    found: list[Mechanism] = []
    if recipe.branching:
        found.append(BranchChoice(recipe.branching, model))
    if recipe.sparsity:
        found.append(Sparsifier(recipe.sparsity, model))
    if recipe.quantisation and recipe.quantisation.method != "none":
        found.append(Quantiser(recipe.quantisation, model))
    if recipe.quantisation and recipe.quantisation.activations:
        found.append(ChipActivations(model))
    if recipe.distillation:
        found.append(Distiller(recipe.distillation, teacher, model, pieces))
    if recipe.mwer:
        found.append(MinimumErrors(recipe.mwer, recipe.seed, [stage.mix for stage in recipe.stages], model, pieces))
    if recipe.subset:
        found.append(GradientMask(recipe.subset, model))
    return found
