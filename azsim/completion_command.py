"""``azsim completion``: a script that lets a shell complete commands, options, names and files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import shtab

from azsim.compress import codecs
from azsim.errors import InputError
from azsim.resources import device_names, model_names


def perform(options: argparse.Namespace) -> dict[str, object]:
    """Print the script."""
    from azsim.cli import parser

    if options.shell not in shtab.SUPPORTED_SHELLS:
        raise InputError(f"{options.shell}: must be one of {', '.join(shtab.SUPPORTED_SHELLS)}")
    top = parser()
    _teach(top)
    script = shtab.complete(top, options.shell)
    if not options.json:
        sys.stdout.write(script)
    return {"shell": options.shell, "script": script}


def _teach(parser: argparse.ArgumentParser) -> None:
    """Say of every option what completes it: names where it takes names, else files or folders."""
    names = {"device": device_names(), "model": model_names(), "codec": codecs()}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                _teach(below)
        elif action.dest in names:
            action.choices = names[action.dest]
        elif action.type is Path:
            action.complete = shtab.DIRECTORY if action.metavar == "FOLDER" else shtab.FILE
