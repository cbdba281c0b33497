"""A command line that is read strictly: errors of one line, no abbreviations, no option given twice."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn, TextIO

from azsim.errors import nearest, one_line


class OneLineParser(argparse.ArgumentParser):
    """A parser whose errors are one line, like every other error of azsim, and that guesses nothing."""

    def __init__(self, **words: Any) -> None:
        super().__init__(**{"allow_abbrev": False} | words)
        self.given: set[str] = set()
        for action in (None, "store"):
            self.register("action", action, Once)

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """As argparse does; what an earlier call was given does not count."""
        self.given = set()
        return super().parse_known_args(args, namespace)

    def _print_message(self, message: str, file: TextIO | None = None) -> None:
        (file or sys.stderr).write(message)  # argparse's own drops what cannot be written, and says all is well

    def options(self) -> Iterator[str]:
        """Every option, those of commands below included."""
        for action in self._actions:
            yield from action.option_strings
            if isinstance(action, argparse._SubParsersAction):
                for command in action.choices.values():
                    yield from command.options()

    def without_actions(self) -> Iterator[OneLineParser]:
        """The parsers below that have none below themselves; this one if there are none."""
        below = [action for action in self._actions if isinstance(action, argparse._SubParsersAction)]
        if not below:
            yield self
        for action in below:
            for command in action.choices.values():
                yield from command.without_actions()

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and where help is; exit status 2."""
        unknown = [word for word in message.split() if word.startswith("--")] if "unrecognized" in message else []
        hint = nearest(unknown[0].partition("=")[0], self.options()) if unknown else ""
        self.exit(2, f"azsim: {one_line(' '.join(message.split()))}{hint}; see {self.prog} --help\n")


class Once(argparse.Action):
    """Store a value; an option that already has one is refused, where argparse would take the last without a word."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Store it."""
        if option_string is not None and isinstance(parser, OneLineParser):
            if self.dest in parser.given:
                parser.error(f"{option_string}: given more than once, takes one value")
            parser.given.add(self.dest)
        setattr(namespace, self.dest, values)
