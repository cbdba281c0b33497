"""``azsim train``: find the recipe, what it starts from and its teacher, and run it.

::

    RUNS/NAME/final.safetensors    what an earlier recipe left, else models/NAME, else a path
"""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

from azsim.commands.shared.options import path
from azsim.errors import InputError, WorkError
from azsim.interrupts import interrupts_end_all

HELP = "make a network by a recipe; goes on where it was stopped"


def declare(command: argparse.ArgumentParser) -> None:
    """The recipe, where things lie, what differs from the recipe."""
    command.add_argument(
        "recipe", nargs="?", metavar="RECIPE", help="a name under models/recipes/ (FILE or FILE/VARIANT), or a .toml"
    )
    command.add_argument("--list", action="store_true", help="every recipe, its steps, and whether it was run")
    command.add_argument("--corpus", type=path, metavar="FOLDER", help="features (default: ~/.cache/azsim/corpus)")
    command.add_argument(
        "--runs",
        type=path,
        default=Path("runs/train"),
        metavar="FOLDER",
        help="where a run is kept, in a folder of the recipe's name (default: runs/train)",
    )
    command.add_argument("--start", metavar="MODEL", help="another network to start from than the recipe's")
    command.add_argument("--seed", type=int, metavar="N", help="another seed; the run's name then ends in -seedN")
    command.add_argument("--workers", type=int, metavar="N", help="processes that share every step, 1 to 64")


def perform(options: argparse.Namespace) -> dict[str, object]:
    """Run the recipe, or list all of them.

    Raises:
        InputError: no such recipe, network or corpus; PyTorch is not there.
    """
    with interrupts_end_all():
        import msgspec

        from azsim.toml import convert
        from azsim.train.command import CORPUS, exported
        from azsim.train.graph_recipe import GraphRecipe
        from azsim.train.recipe import SCRATCH
        from azsim.train.recipe_file import load_any_recipe, seeded
    if options.list or options.recipe is None:
        return _list(options.json, options.runs)
    name, recipe = load_any_recipe(options.recipe)
    given = {key: value for key in ("seed", "workers") if (value := getattr(options, key)) is not None}
    own_seed = recipe.seed
    if isinstance(recipe, GraphRecipe) and (options.workers is not None or options.start is not None):
        wrong = "--workers" if options.workers is not None else "--start"
        raise InputError(f"{wrong}: a small network ({options.recipe}) is trained from scratch by one process")
    recipe = convert(msgspec.to_builtins(recipe) | given, type(recipe), f"recipe {name!r}")
    name = name if recipe.seed == own_seed else seeded(name, recipe.seed)
    if find_spec("torch") is None or find_spec("sentencepiece") is None:
        raise InputError("training needs PyTorch and sentencepiece: pip install 'azsim[train]'")
    if isinstance(recipe, GraphRecipe):
        from azsim.train.graph_run import run

        file = run(recipe, name, _at_home(options.corpus or CORPUS), options.runs / name, options.quiet, options.recipe)
        return {"recipe": name, "steps": recipe.steps, "model": str(file)}
    from azsim.train.start import Place
    from azsim.train.workers import train

    start = options.start or recipe.start
    teacher = recipe.distillation.teacher if recipe.distillation else None
    place = Place(
        name=name,
        corpus=_at_home(options.corpus or CORPUS),
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


def _at_home(corpus: Path) -> Path:
    try:
        return corpus.expanduser()
    except RuntimeError:  # nobody's home, as in a container
        raise InputError(f"{corpus}: there is no home folder; name the corpus with --corpus FOLDER") from None


def _list(as_json: bool, runs: Path) -> dict[str, object]:
    from azsim.train.recipe import SCRATCH
    from azsim.train.recipe_file import load_any_recipe, recipe_names

    rows = []
    for name in (*recipe_names(), *recipe_names(small=True)):
        recipe = load_any_recipe(name)[1]
        start = getattr(recipe, "start", SCRATCH)
        row = {"recipe": name, "steps": recipe.schedule.steps, "start": start, "title": recipe.title}
        rows.append(row | {"is_done": (runs / name / "final.safetensors").is_file()})
    if not as_json:
        for (file, title), variants in groupby(rows, lambda row: (str(row["recipe"]).split("/")[0], row["title"])):
            print(f"{file}: {title}")
            for row in variants:
                print(f"    {row['recipe']:34} {row['steps']:6} steps  {'done' if row['is_done'] else ''}".rstrip())
    return {"recipes": rows}
