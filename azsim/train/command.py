"""What commands of training share: networks by name, the corpus, whole numbers as options, an error in one line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from azsim.errors import AzsimError, InputError, nearest
from azsim.nn.sealed import network_file
from azsim.train.recipe_file import recipe_names

CORPUS = Path("~/.cache/azsim/corpus")
"""Where the features lie unless told."""


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


def whole(low: int, high: int) -> Callable[[str], int]:
    """The type of an option that takes a whole number, both ends included."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text}: must be a whole number from {low} to {high}")
        return value

    return read


def exit_status(work: Callable[[], None]) -> int:
    """Do the work; 0, or the status of the error that was printed."""
    try:
        work()
    except AzsimError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("interrupted; run again with the same --out to go on", file=sys.stderr)
        return 1
    return 0
