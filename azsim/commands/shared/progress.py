"""How far a command is, on standard error: one bar on a terminal, elsewhere a line for every part that is done."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from azsim.notices import Notice, heard_by


class ShownProgress(Protocol):
    """What a command tells of its work."""

    def expect(self, parts: int) -> None:
        """From now on ``advance`` is called ``parts`` times."""

    def spin(self, label: str) -> None:
        """Say what is going on."""

    def advance(self, label: str) -> None:
        """One part is done."""


class Silent:
    """Nothing is shown."""

    def expect(self, parts: int) -> None:
        """Nothing."""

    def spin(self, label: str) -> None:
        """Nothing."""

    def advance(self, label: str) -> None:
        """Nothing."""


class Bar:
    """One bar that is drawn over and over."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress, self._task = progress, task

    def expect(self, parts: int) -> None:
        """From now on ``advance`` is called ``parts`` times."""
        self._progress.update(self._task, total=parts)

    def spin(self, label: str) -> None:
        """Show what is going on."""
        self._progress.update(self._task, label=label)

    def advance(self, label: str) -> None:
        """One part is done."""
        self._progress.update(self._task, advance=1, label=label)


class Lines:
    """A line for what begins, the first time, and for every part that is done, with the seconds since the start."""

    def __init__(self, title: str, out: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._title, self._out, self._clock = title, out, clock
        self._start_s = clock()
        self._said: set[str] = set()
        self._done, self._parts = 0, 0

    def expect(self, parts: int) -> None:
        """From now on ``advance`` is called ``parts`` times."""
        self._parts = parts

    def spin(self, label: str) -> None:
        """A line, unless there was one."""
        if label not in self._said:
            self._said.add(label)
            self._line(label)

    def advance(self, label: str) -> None:
        """A line."""
        self._done += 1
        self._line(f"{self._done} of {self._parts} done: {label}")

    def _line(self, text: str) -> None:
        seconds = self._clock() - self._start_s
        print(f"{self._title}, {seconds:.0f} s: {text}", file=self._out, flush=True)


@contextmanager
def shown(title: str, is_quiet: bool, is_verbose: bool) -> Iterator[ShownProgress]:
    """Show the work within.

    Args:
        title: what the command does.
        is_quiet: show nothing.
        is_verbose: lines instead of a bar on a terminal too, with every detail.
    """
    if is_quiet or sys.stderr is None:
        yield Silent()
    elif is_verbose or not sys.stderr.isatty():
        lines = Lines(title, sys.stderr)
        with heard_by(lambda notice: lines.spin(_said(notice, is_verbose))):
            yield lines
    else:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[label]}"),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            bar = Bar(progress, progress.add_task(title, total=None, label="reading"))
            with heard_by(lambda notice: bar.spin(_said(notice, False))):
                yield bar


def _said(notice: Notice, with_detail: bool) -> str:
    return f"{notice.what}: {notice.detail}" if with_detail and notice.detail else notice.what
