"""What the commands that write a report share: its options, the choice of its trace, progress, where it lies."""

from __future__ import annotations

import argparse
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from azsim.commands.shared.options import count, gain, minutes, path

if TYPE_CHECKING:
    from azsim.commands.shared.progress import ShownProgress
    from azsim.report.trace import TraceOptions


def add_report_options(command: argparse.ArgumentParser) -> None:
    """Where the report goes, what is read of recordings, and what its trace shows."""
    command.add_argument(
        "--out",
        type=path,
        metavar="FOLDER",
        help="where the report goes (default: runs/ and the experiment's name, or run)",
    )
    command.add_argument(
        "--max-minutes", type=minutes, default=10.0, metavar="M", help="longest recording (default: 10)"
    )
    command.add_argument(
        "--gain", type=gain, default=1.0, metavar="G", help="factor of every sample of the recordings (default: 1)"
    )
    trace = command.add_argument_group(
        "trace.json", "one utterance for Perfetto: jobs, their tiles, who waits for whom"
    )
    trace.add_argument(
        "--trace-window",
        metavar="FROM:TO",
        help="only these milliseconds (default: all; tiles and single waits of the first minute)",
    )
    trace.add_argument(
        "--trace-every", type=count, default=1, metavar="N", help="tiles and flows of one step in N (default: 1)"
    )
    trace.add_argument(
        "--trace-events",
        type=count,
        default=20000,
        metavar="N",
        help="most events in the file; tiles of fewer steps are shown until they fit (default: 20000)",
    )


def trace_options(options: argparse.Namespace) -> TraceOptions:
    """What the trace shows.

    Raises:
        InputError: the window or the number of events is wrong.
    """
    from azsim.report.trace import TraceOptions
    from azsim.report.trace.options import check_events, parse_window

    window_ps = parse_window(options.trace_window, "--trace-window") if options.trace_window else None
    check_events(options.trace_events, "--trace-events")
    return TraceOptions(window_ps, options.trace_every, options.trace_events)


def progress(title: str, options: argparse.Namespace) -> AbstractContextManager[ShownProgress]:
    """How far the command is, as loud as the options say."""
    from azsim.commands.shared.progress import shown

    return shown(title, options.quiet or options.json, options.verbose)


def command_line() -> list[str]:
    """The command as it was typed, for the report."""
    return ["azsim", *sys.argv[1:]]


def from_here(folder: Path) -> Path:
    """The folder relative to here if it lies below."""
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
