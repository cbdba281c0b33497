"""Where `azsim train` left its runs, ``AZSIM_RUNS`` or its own folder, which of them are there, and the corpus."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from azsim.errors import InputError
from azsim.train.command import exported
from azsim.train.data import complete_folders


def runs_folder() -> Path:
    """The folder that a study reads unless it is told otherwise."""
    return Path(os.environ.get("AZSIM_RUNS", "runs/train"))


def trained(names: Iterable[str], runs: Path) -> dict[str, Path]:
    """Networks that are there, with their files, by name; the others are printed and left out.

    Raises:
        InputError: none is there.
    """
    found = {}
    for name in dict.fromkeys(names):
        try:
            found[name] = exported(name, runs)
        except InputError:
            print(f"{name} is not trained yet", flush=True)
    if not found:
        raise InputError(f"{runs}: nothing is trained yet; azsim train --list")
    return found


def finished_corpus(given: Path) -> Path:
    """The folder of a corpus, ``~`` written out.

    Raises:
        InputError: nothing of a corpus is there.
    """
    corpus = given.expanduser()
    if not complete_folders(corpus):
        raise InputError(f"{corpus}: no corpus; python -m azsim.train.corpus build --out {corpus} makes one")
    return corpus
