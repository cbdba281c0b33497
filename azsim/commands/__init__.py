"""The commands of ``azsim``, one file each, found by its name; nothing lists them.

::

    azsim/commands/matvec.py ──> azsim matvec      HELP, declare(parser), perform(options)
    azsim/commands/shared/                         what several commands use

Only the command that was asked for is imported, and it imports its work when it performs it, so that ``--help`` and a
wrong option are answered at once.
"""

from __future__ import annotations

import argparse
import os
from importlib import import_module
from typing import Protocol, cast


class Command(Protocol):
    """What a module of this folder holds.

    Attributes:
        HELP: what the command does, for ``azsim --help``.
    """

    HELP: str

    def declare(self, command: argparse.ArgumentParser) -> None:
        """Add the command's arguments; options that all commands share are added for it."""

    def perform(self, options: argparse.Namespace) -> dict[str, object]:
        """Do it, print unless ``options.json``, and return what ``--json`` prints."""


def command_names() -> tuple[str, ...]:
    """Every command, as it is typed, without importing any."""
    files = [name for folder in __path__ for name in os.listdir(folder)]  # pkgutil would import inspect for it
    return tuple(sorted(name[:-3].replace("_", "-") for name in files if name.endswith(".py") and name[0] != "_"))


def load_command(name: str) -> Command:
    """The module of a command that ``command_names`` gives."""
    return cast(Command, import_module(f"{__name__}.{name.replace('-', '_')}"))
