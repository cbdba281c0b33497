"""Types of options, each with the words that refuse what is wrong, and the options that every command takes."""

from __future__ import annotations

import argparse
from pathlib import Path

from azsim import budget
from azsim.errors import InputError


def count(text: str) -> int:
    """A whole number from 1 up."""
    if not (text.isascii() and text.isdecimal() and 1 <= len(text) <= 9 and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"{text}: must be a whole number, 1 to 999999999")
    return int(text)


def size(text: str) -> int:
    """Bytes, from a number with an optional unit such as ``4G``."""
    try:
        return budget.parse_bytes(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def path(text: str) -> Path:
    """A file or folder; the empty text, which an unset variable of a shell leaves, is none."""
    if not text:
        raise argparse.ArgumentTypeError("the empty text names no file or folder")
    return Path(text)


def gain(text: str) -> float:
    """A factor of samples."""
    value = _number(text)
    if not 1e-12 <= value <= 1e6:
        raise argparse.ArgumentTypeError(f"{text}: must be a factor from 1e-12 to 1000000")
    return value


def minutes(text: str) -> float:
    """A length of a recording."""
    value = _number(text)
    if not 0 < value <= 600:
        raise argparse.ArgumentTypeError(f"{text}: must be a number above 0 and at most 600")
    return value


def granularity_option(command: argparse.ArgumentParser, default: str | None = "tensor") -> None:
    """Scales of the weights: one for each matrix, each gate of a recurrent layer, or each row."""
    command.add_argument(
        "--granularity", choices=("tensor", "gate", "channel"), default=default,
        help="scales of the weights: one for a matrix, for each gate, or for each row (default: tensor)",
    )  # fmt: skip


def add_common_options(command: argparse.ArgumentParser) -> None:
    """What every command takes."""
    command.add_argument("--json", action="store_true", help="one JSON object on standard output and nothing else")
    talk = command.add_mutually_exclusive_group()
    talk.add_argument("-q", "--quiet", action="store_true", help="no progress and no warnings on standard error")
    talk.add_argument("-v", "--verbose", action="store_true", help="a line for every part and detail of the work")
    command.add_argument(
        "--max-memory",
        type=size,
        metavar="SIZE",
        help="refuse work that would take more, such as 4G (default: three quarters of what is free)",
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
