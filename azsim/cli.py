"""The command line, thin: arguments in, one line per error out, the right exit status.

Exit status: 0 done, 1 the work failed or was interrupted, 2 the input was wrong.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from azsim.errors import AzsimError


class OneLineParser(argparse.ArgumentParser):
    """A parser whose errors are one line, like every other error of azsim."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and where help is; exit status 2."""
        self.exit(2, f"azsim: {message}; see {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = OneLineParser(
        prog="azsim", description="What does this compression configuration do on the device?", allow_abbrev=False
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    compare = commands.add_parser("compare", help="compression configurations side by side: table, figures, page")
    compare.add_argument("experiment", nargs="?", type=Path, help="experiment file; the shipped one if left out")
    compare.add_argument(
        "--speech", type=Path, metavar="MANIFEST.csv", help="your recordings: columns file, transcript"
    )
    compare.add_argument("--utterances", type=_count, metavar="N", help="only N utterances, evenly spread")
    compare.add_argument("--workers", type=_count, metavar="N", help="processes (default: one per core, at most 8)")
    _common(compare)

    run = commands.add_parser("run", help="your recordings through one configuration: transcript, latency, report")
    run.add_argument(
        "recordings", nargs="+", type=Path, metavar="FILE", help="any format, rate and channels libsndfile reads"
    )
    run.add_argument("--device", default="az1", help="a device's name or a .toml (default: az1)")
    run.add_argument(
        "--model",
        default="rnnt-student-sparse50",
        help="a name under models/ or a .safetensors (default: rnnt-student-sparse50)",
    )
    run.add_argument("--codec", default="zvsv", help="weight codec (default: zvsv)")
    run.add_argument("--weight-bits", type=int, default=5, help="bits per weight or palette index, 1 to 8 (default: 5)")
    run.add_argument("--sparsity", type=float, default=0.5, help="share of zeros (default: 0.5)")
    music = run.add_mutually_exclusive_group()
    music.add_argument("--music", type=Path, metavar="FILE", help="what plays meanwhile (default: the shipped track)")
    music.add_argument("--no-music", action="store_true", help="silence")
    run.add_argument("--seed", type=int, default=1, help="of network jitter and the music's phase (default: 1)")
    _common(run)
    return top


def _common(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="where the report goes (default: runs/ and the experiment's name, or run)",
    )
    command.add_argument(
        "--max-minutes", type=_minutes, default=10.0, metavar="M", help="longest recording (default: 10)"
    )
    command.add_argument("--json", action="store_true", help="one JSON object on standard output and nothing else")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be a whole number, 1 or more")
    return int(text)


def _minutes(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 < value <= 600:
        raise argparse.ArgumentTypeError(f"{text}: must be a number above 0 and at most 600")
    return value


@contextmanager
def _persistent_interrupts() -> Iterator[None]:
    """An interrupt that a library swallows, in a callback say, comes again every two seconds until it is heard."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        signal.setitimer(signal.ITIMER_REAL, 2.0)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt), signal.signal(signal.SIGALRM, interrupt)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGALRM, before[1])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    try:
        with _persistent_interrupts():
            return _run(parser().parse_args(arguments))
    except AzsimError as error:
        print(f"azsim: {' '.join(str(error).split())}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("azsim: interrupted; no report was written", file=sys.stderr, flush=True)
        return _end_soon()
    except BrokenPipeError:
        return 1
    except Exception as error:
        if os.environ.get("AZSIM_TRACEBACK"):
            raise
        kind = type(error).__name__
        print(f"azsim: a defect in azsim: {kind}: {error}; AZSIM_TRACEBACK=1 shows where", file=sys.stderr)
        return 1


def _end_soon() -> int:
    """End the worker processes; exit status 1 once the threads that served them have ended, or hang."""
    for worker in multiprocessing.active_children():
        worker.kill()
    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    for thread in others:
        thread.join(timeout=3.0)
    if any(thread.is_alive() and not thread.daemon for thread in others):
        os._exit(1)
    return 1


def _run(options: argparse.Namespace) -> int:
    from azsim import commands

    answer = commands.compare(options) if options.command == "compare" else commands.run(options)
    if options.json:
        json.dump(answer, sys.stdout, allow_nan=False)
        sys.stdout.write("\n")
    return 0
