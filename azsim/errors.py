"""The errors azsim raises on purpose, and the exit status that each one ends a command with."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

_JOINERS = "\u200c\u200d"
_ENDS = 100
_LONG_WORD = re.compile(rf"\S{{{3 * _ENDS},}}")


class AzsimError(Exception):
    """Something went wrong in a way that azsim can explain in one line, whatever names a file or key has."""

    exit_status = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(one_line(message))


class WorkError(AzsimError):
    """The input was right but the work could not be finished (a full disk, a folder that cannot be written)."""


class InputError(AzsimError):
    """The user's input is wrong; the message names the file, the key, the value and what would be right."""

    exit_status = 2


class BudgetError(InputError):
    """The work would take more memory than may be taken; no option but ``--max-memory`` is to blame."""


class CodecError(InputError):
    """A compressed weight stream is damaged, cut short, too long, or not what its header says."""


class PrivacyError(InputError):
    """Sound of the user's would have left a device whose local-processing setting is on; nothing was sent."""


class AzsimWarning(UserWarning):
    """Something that the user should know and that stops nothing; the command says it in one line."""


class CacheWarning(AzsimWarning):
    """Compiled kernels cannot be kept for the next process."""


@contextmanager
def located(where: str) -> Iterator[None]:
    """Put the place, such as ``my.toml: device = 'az3'``, before the message of an ``InputError`` raised within.

    An option is not put before a `BudgetError`.
    """
    try:
        yield
    except InputError as error:
        if isinstance(error, BudgetError) and where.startswith("--"):
            raise
        raise type(error)(f"{where}: {error}") from error


def one_line(text: str) -> str:
    """``text`` with ``?`` for what no line may hold, and the middle of very long words left out."""
    return _LONG_WORD.sub(lambda word: f"{word[0][:_ENDS]}...{word[0][-_ENDS:]}", readable(text))


def readable(name: str) -> str:
    """``name`` with ``?`` for what a file's name may hold and a report may not: line breaks, bytes that are no text.

    Joiners stay: words of some scripts are not the same without them.
    """
    return "".join(letter if letter.isprintable() or letter in _JOINERS else "?" for letter in name)


def nearest(word: object, choices: Iterable[object]) -> str:
    """A hint such as ``; did you mean 'lanes'?``, empty where nothing is near."""
    close = difflib.get_close_matches(str(word), [str(choice) for choice in choices], n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
