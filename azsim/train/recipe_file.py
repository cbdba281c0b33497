"""Recipes as files: found by name, their variants laid over, read and checked.

Recipes lie in ``models/recipes/``. A file may hold ``[variants.NAME]`` tables, each laid over the rest of the file, so
that a sweep is one file; a variant is called ``FILE/NAME``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from azsim.compress.codecs import get
from azsim.errors import InputError, located, nearest
from azsim.resources import shipped_root
from azsim.toml import convert, read_toml
from azsim.train.graph_recipe import GraphRecipe
from azsim.train.recipe import SCRATCH, Quantisation, Recipe


def recipe_folder() -> Path:
    """Where the shipped recipes lie."""
    return shipped_root() / "models" / "recipes"


def recipe_names(small: bool = False) -> Iterator[str]:
    """Every shipped recipe of a recogniser, or of a small network, variants one by one, as they are loaded by."""
    for path in sorted(recipe_folder().glob("*.toml")):
        tree = read_toml(path)
        if ("task" in tree) == small:
            variants = tree.get("variants")
            yield from (f"{path.stem}/{variant}" for variant in variants) if variants else (path.stem,)


def seeded(name: str, seed: int) -> str:
    """The name of a recipe's run by another seed than its own."""
    return f"{name}-seed{seed}"


def split_seed(name: str) -> tuple[str, int | None]:
    """The recipe's name and the seed in the name of a run; None where it has the recipe's own."""
    found = re.fullmatch(r"(.+)-seed(\d+)", name)
    return (found[1], int(found[2])) if found else (name, None)


def load_recipe(name: str) -> tuple[str, Recipe]:
    """The recipe of a recogniser, by its name, or from the user's own file, ``FILE.toml`` or ``FILE.toml/VARIANT``.

    Returns:
        Its name, under which its run is kept, and the recipe.

    Raises:
        InputError: there is none of that name, its file is wrong, or it is a small network's.
    """
    found, recipe = load_any_recipe(name)
    if not isinstance(recipe, Recipe):
        raise InputError(f"recipe {name!r}: task = {recipe.task!r}: is a small network's, not a recogniser's")
    return found, recipe


def load_any_recipe(name: str) -> tuple[str, Recipe | GraphRecipe]:
    """The same of a recogniser or of a small network, whose recipe names a ``task``.

    Raises:
        InputError: as `load_recipe`.
    """
    file, variant = name, ""
    if not name.endswith(".toml"):
        file, _, variant = name.rpartition("/") if "/" in name else (name, "", "")
    path = Path(file)
    if not file.endswith(".toml"):
        path = recipe_folder() / f"{file}.toml"
        if not path.exists():
            known = sorted(each.stem for each in recipe_folder().glob("*.toml"))
            raise InputError(f"recipe {name!r}: not known; there are {', '.join(known)}{nearest(file, known)}")
    tree, where = _with_variant(read_toml(path), variant, path)
    own = f"{path.stem}/{variant}" if variant else path.stem
    if "task" in tree:
        return own, convert(tree, GraphRecipe, where)
    recipe = convert(tree, Recipe, where)
    _check(recipe, where)
    return own, recipe


def _with_variant(tree: dict[str, Any], variant: str, path: Path) -> tuple[dict[str, Any], str]:
    variants = tree.pop("variants", {})
    if not isinstance(variants, dict) or not all(isinstance(each, dict) for each in variants.values()):
        raise InputError(f"{path}: variants: must be tables, [variants.NAME]")
    if not variant and not variants:
        return tree, str(path)
    if not variants:
        raise InputError(f"{path}: holds no variants, so none named {variant!r}")
    if variant not in variants:
        said = f"variant {variant!r}: not known" if variant else "holds variants"
        known = ", ".join(f"{path.stem}/{each}" for each in variants)
        raise InputError(f"{path}: {said}; name one of {known}{nearest(variant, variants)}")
    return _laid_over(tree, variants[variant]), f"{path}: variant {variant}"


def _laid_over(tree: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(tree)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _laid_over(merged[key], value) if both else value
    return merged


def _check(recipe: Recipe, where: str) -> None:
    """What the types alone cannot say."""
    quantisation, branching = recipe.quantisation, recipe.branching
    if branching and (recipe.start == SCRATCH or recipe.sizes.bidirectional):
        raise InputError(f"{where}: branching: needs a streaming network to start from; name one as start")
    if branching and quantisation and quantisation.activations:
        raise InputError(f"{where}: quantisation.activations = true: not together with a table [branching]")
    if recipe.resized and recipe.start == SCRATCH:
        raise InputError(f"{where}: resized = true: needs a network; name one as start")
    if quantisation:
        _check_grid(quantisation, where)
    if quantisation and quantisation.activations and recipe.sizes.bidirectional:
        raise InputError(f"{where}: quantisation.activations = true: a bidirectional network runs in float alone")
    if quantisation and quantisation.method == "none" and not quantisation.activations:
        raise InputError(f"{where}: quantisation.method = 'none': takes activations = true, or leave the table out")
    for stage in recipe.stages:
        if stage.mix.noisy and not stage.mix.augmented:
            raise InputError(f"{where}: stages {stage.name!r}: mix.noisy = true: takes augmented = true")
        if stage.mix.unlabelled_repeats and recipe.distillation is None:
            raise InputError(f"{where}: stages {stage.name!r}: mix.unlabelled_repeats: needs a table [distillation]")
        if stage.mix.wake_word == "kept" and (recipe.distillation or recipe.mwer):
            raise InputError(
                f"{where}: stages {stage.name!r}: mix.wake_word = 'kept': takes neither [distillation] nor [mwer]"
            )


def _check_grid(quantisation: Quantisation, where: str) -> None:
    """Whether the codec's grid suits the bits and the method."""
    with located(f"{where}: quantisation"):
        uniform = get(quantisation.codec).grid == "uniform"
    if uniform and quantisation.weight_bits == 1:
        raise InputError(f"{where}: quantisation.weight_bits = 1: uniform values take 2 to 8; 1 takes codec 'palette'")
    if uniform and quantisation.method == "multi-regional":
        codec = quantisation.codec
        raise InputError(f"{where}: quantisation.codec = {codec!r}: 'multi-regional' takes one with a palette")
