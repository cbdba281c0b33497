"""``azsim train``: find the recipe, what it starts from and its teacher, and run it.

::

    RUNS/NAME/final.safetensors    what an earlier recipe left, else models/NAME, else a path
"""

from __future__ import annotations

import argparse
import os
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

import msgspec

from azsim.errors import InputError, WorkError, nearest
from azsim.nn.sealed import network_file
from azsim.toml import convert
from azsim.train.recipe import SCRATCH, Recipe
from azsim.train.recipe_file import load_recipe, recipe_names, seeded

CORPUS = Path("~/.cache/azsim/corpus")


def perform(options: argparse.Namespace) -> dict[str, object]:
    """The command."""
    if options.list or options.recipe is None:
        return _list(options.json, options.runs)
    name, recipe = load_recipe(options.recipe)
    given = {key: value for key in ("seed", "workers") if (value := getattr(options, key)) is not None}
    own_seed = recipe.seed
    recipe = convert(msgspec.to_builtins(recipe) | given, Recipe, f"recipe {name!r}")
    name = name if recipe.seed == own_seed else seeded(name, recipe.seed)
    if find_spec("torch") is None or find_spec("sentencepiece") is None:
        raise InputError("training needs PyTorch and sentencepiece: pip install 'azsim[train]'")
    from azsim.train.start import Place
    from azsim.train.workers import train

    start = options.start or recipe.start
    teacher = recipe.distillation.teacher if recipe.distillation else None
    place = Place(
        name=name,
        corpus=_corpus(options.corpus),
        out=options.runs / name,
        start=None if start == SCRATCH else exported(start, options.runs),
        teacher=None if teacher is None else exported(teacher, options.runs),
        spelling=exported(recipe.spelling, options.runs) if recipe.spelling else None,
        is_quiet=options.quiet,
    )
    try:
        train(recipe, place)
    except KeyboardInterrupt:
        raise WorkError(f"{place.out}: interrupted; the same command goes on from there") from None
    return {"recipe": name, "steps": recipe.schedule.steps, "model": str(place.out / "final.safetensors")}


def _corpus(given: Path | None) -> Path:
    try:
        return (given or CORPUS).expanduser()
    except RuntimeError:  # nobody's home, as in a container
        raise InputError(f"{given or CORPUS}: there is no home folder; name the corpus with --corpus FOLDER") from None


def exported(name: str, runs: Path) -> Path:
    """The exported network that a name stands for: an earlier run's, a shipped one, or the user's own.

    Raises:
        InputError: there is none.
    """
    path = Path(name)
    if path.suffix == ".safetensors":
        if not os.path.isfile(path):
            raise InputError(f"{path}: no such file")
        return path
    ran = runs / name / "final.safetensors"
    if os.path.isfile(ran):
        return ran
    try:
        return network_file(name)
    except InputError as error:
        recipes = list(recipe_names())
        hint = f"azsim train {name} makes it" if name in recipes else nearest(name, recipes).removeprefix("; ")
        said = f" ({hint})" if hint else ""
        raise InputError(f"{name!r}: neither {ran} is there{said}, nor {error}") from None


def _list(as_json: bool, runs: Path) -> dict[str, object]:
    rows = []
    for name in recipe_names():
        recipe: Recipe = load_recipe(name)[1]
        row = {"recipe": name, "steps": recipe.schedule.steps, "start": recipe.start, "title": recipe.title}
        rows.append(row | {"is_done": (runs / name / "final.safetensors").is_file()})
    if not as_json:
        for (file, title), variants in groupby(rows, lambda row: (str(row["recipe"]).split("/")[0], row["title"])):
            print(f"{file}: {title}")
            for row in variants:
                print(f"    {row['recipe']:34} {row['steps']:6} steps  {'done' if row['is_done'] else ''}".rstrip())
    return {"recipes": rows}
