"""The command line, thin: arguments in, one line per error out, the right exit status.

Exit status: 0 done, 1 the work failed or was interrupted, 2 the input was wrong.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import warnings
from collections.abc import Iterable, Sequence

from azsim import __version__, budget
from azsim.commands import command_names, load_command
from azsim.commands.shared.options import add_common_options
from azsim.errors import AzsimError, InputError, readable
from azsim.interrupts import INTERRUPTED, interrupts_heard
from azsim.parsing import OneLineParser

CLOSED_OUTPUT = "standard output is closed, so that nothing could be printed; send it to a file or to /dev/null"


def parser(commands: Iterable[str] | None = None) -> argparse.ArgumentParser:
    """The commands and their options; ``perform`` of what was read does it.

    Args:
        commands: these alone, by name; None for all.
    """
    top = OneLineParser(prog="azsim", description="What does this compression configuration do on the device?")
    top.add_argument("--version", action="version", version=f"azsim {__version__}")
    below = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in command_names() if commands is None else commands:
        command = load_command(name)
        its = below.add_parser(name, help=command.HELP)
        command.declare(its)
        its.set_defaults(perform=command.perform)
        for last in its.without_actions():
            add_common_options(last)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    if sys.stdout is None:
        return _fail(CLOSED_OUTPUT, InputError.exit_status)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal without UTF-8, names that are none
    try:
        with interrupts_heard():
            return _perform(_parsed(arguments))
    except AzsimError as error:
        return _fail(str(error), error.exit_status)
    except KeyboardInterrupt as interrupt:
        return _fail(str(interrupt) or INTERRUPTED)
    except BrokenPipeError:
        return _without_output()  # azsim ... | head
    except OSError as error:
        _fail(f"{error.filename or 'standard output'}: {error.strerror or error}")
        return _without_output()
    except MemoryError:
        return _fail("out of memory; try --workers 1 or fewer --utterances")
    except Exception as error:
        if os.environ.get("AZSIM_TRACEBACK"):
            raise
        return _fail(f"a defect in azsim: {type(error).__name__}: {error}; AZSIM_TRACEBACK=1 shows where")


def keep_numbers_taken() -> None:
    """Open what is closed on the null device, so that no file of azsim's gets its number and what is printed to it.

    ``sys.stdout`` stays None where it was closed, for `main` to refuse; errors go nowhere then.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115 (kept for good)


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    words = sys.argv[1:] if arguments is None else list(arguments)
    first = words[:1]
    asked = [] if first == ["--version"] else first if set(first) & set(command_names()) else None
    try:
        return parser(asked).parse_args(words)
    except SystemExit:
        sys.stdout.flush()  # where --help cannot be printed, that is an error
        raise


def _perform(options: argparse.Namespace) -> int:
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        if options.quiet:
            warnings.simplefilter("ignore")
        with budget.limited(options.max_memory):
            answer = options.perform(options)
    if options.json:
        print(json.dumps(answer, allow_nan=False))
    sys.stdout.flush()
    return 0


def _fail(message: str, status: int = 1) -> int:
    print(f"azsim: {readable(' '.join(message.split()))}", file=sys.stderr, flush=True)
    return status


def _show_warning(message: Warning | str, *where: object) -> None:
    """One line, like an error's; the work goes on."""
    print(f"azsim: warning: {readable(' '.join(str(message).split()))}", file=sys.stderr, flush=True)


def _without_output() -> int:
    """Let what is still to be printed go nowhere, quietly."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
