"""``azsim completion``: a script that lets a shell complete commands, options, names and files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence

from azsim.commands.shared.options import path
from azsim.errors import InputError
from azsim.interrupts import interrupts_end_all

HELP = "a script for your shell, to complete commands and options"


def declare(command: argparse.ArgumentParser) -> None:
    """The shell."""
    command.add_argument("shell", metavar="SHELL", help="bash, zsh, fish or tcsh; azsim completion bash > FILE")


def perform(options: argparse.Namespace) -> dict[str, object]:
    """Print the script."""
    with interrupts_end_all():
        import shtab

        from azsim.cli import parser
        from azsim.compress import codecs
        from azsim.resources import device_names, model_names
    if options.shell not in shtab.SUPPORTED_SHELLS:
        raise InputError(f"{options.shell}: must be one of {', '.join(shtab.SUPPORTED_SHELLS)}")
    top = parser()
    _teach(top, {"device": device_names(), "model": model_names(), "codec": codecs()}, shtab.FILE, shtab.DIRECTORY)
    script = shtab.complete(top, options.shell)
    if not options.json:
        sys.stdout.write(script)
    return {"shell": options.shell, "script": script}


def _teach(
    parser: argparse.ArgumentParser,
    names: Mapping[str, Sequence[str]],
    file: Mapping[str, str],
    folder: Mapping[str, str],
) -> None:
    """Say of every option what completes it: names where it takes names, else files or folders."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                _teach(below, names, file, folder)
        elif action.dest in names:
            action.choices = names[action.dest]
        elif action.type is path:
            action.complete = folder if action.metavar == "FOLDER" else file
