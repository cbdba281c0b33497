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
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from azsim import __version__, budget
from azsim.errors import AzsimError, InputError, readable
from azsim.interrupts import INTERRUPTED, interrupts_end_all, interrupts_heard
from azsim.parsing import OneLineParser
from azsim.streams import CLOSED_OUTPUT


def parser() -> argparse.ArgumentParser:
    """The commands and their options; ``perform`` of a command is the ``module:function`` that does it."""
    top = OneLineParser(prog="azsim", description="What does this compression configuration do on the device?")
    top.add_argument("--version", action="version", version=f"azsim {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _compare(commands.add_parser("compare", help="compression configurations side by side: table, figures, page"))
    _run(commands.add_parser("run", help="your recordings through one configuration: transcript, latency, report"))
    _matvec(commands.add_parser("matvec", help="one matrix or mask on one device: cycles and their causes"))
    _train(commands.add_parser("train", help="make a network by a recipe; goes on where it was stopped"))
    _inspect(commands.add_parser("inspect", help="what a network, a device or a bitstream is"))
    _update(commands.add_parser("update", help="model updates: keys, images, signed deltas, a store with two slots"))
    _new(commands.add_parser("new", help="a folder to start from: an experiment, a device that inherits, how to run"))
    _completion(commands.add_parser("completion", help="a script for your shell, to complete commands and options"))
    for command in commands.choices.values():
        if command is not commands.choices["update"]:
            _common_options(command)
    return top


def _compare(command: argparse.ArgumentParser) -> None:
    command.set_defaults(perform="azsim.commands:compare")
    command.add_argument("experiment", nargs="?", type=_path, help="experiment file; the shipped one if left out")
    command.add_argument(
        "--device",
        action="append",
        metavar="DEVICE",
        help="a name or a .toml in place of the experiment's; given again: devices side by side",
    )
    command.add_argument(
        "--speech", type=_path, metavar="MANIFEST.csv", help="your recordings: columns file, transcript"
    )
    command.add_argument("--utterances", type=_count, metavar="N", help="only N utterances, evenly spread")
    command.add_argument("--workers", type=_count, metavar="N", help="processes (default: one per core, at most 8)")
    _report_options(command)


def _run(command: argparse.ArgumentParser) -> None:
    command.set_defaults(perform="azsim.commands:run")
    command.add_argument(
        "recordings", nargs="+", type=_path, metavar="FILE", help="wav, flac, ogg, mp3, m4a..., any rate and channels"
    )
    command.add_argument("--device", default="az1", help="a device's name or a .toml (default: az1)")
    command.add_argument(
        "--model",
        default="rnnt-5bit-50",
        help="a name under models/, or a .safetensors or its folder (default: rnnt-5bit-50)",
    )
    command.add_argument("--codec", default="zvsv", help="weight codec (default: zvsv)")
    command.add_argument(
        "--weight-bits", type=int, default=5, help="bits per weight or palette index, 1 to 8 (default: 5)"
    )
    command.add_argument("--sparsity", type=float, default=0.5, help="share of zeros (default: 0.5)")
    music = command.add_mutually_exclusive_group()
    music.add_argument("--music", type=_path, metavar="FILE", help="what plays meanwhile (default: the shipped track)")
    music.add_argument("--no-music", action="store_true", help="silence")
    command.add_argument("--seed", type=int, default=1, help="of network jitter and the music's phase (default: 1)")
    _report_options(command)


def _train(command: argparse.ArgumentParser) -> None:
    command.set_defaults(perform="azsim.train_command:perform")
    command.add_argument(
        "recipe", nargs="?", metavar="RECIPE", help="a name under models/recipes/ (FILE or FILE/VARIANT), or a .toml"
    )
    command.add_argument("--list", action="store_true", help="every recipe, its steps, and whether it was run")
    command.add_argument("--corpus", type=_path, metavar="FOLDER", help="features (default: ~/.cache/azsim/corpus)")
    command.add_argument(
        "--runs",
        type=_path,
        default=Path("runs/train"),
        metavar="FOLDER",
        help="where a run is kept, in a folder of the recipe's name (default: runs/train)",
    )
    command.add_argument("--start", metavar="MODEL", help="another network to start from than the recipe's")
    command.add_argument("--seed", type=int, metavar="N", help="another seed; the run's name then ends in -seedN")
    command.add_argument("--workers", type=int, metavar="N", help="processes that share every step, 1 to 64")


def _inspect(command: argparse.ArgumentParser) -> None:
    command.set_defaults(perform="azsim.inspect.command:perform")
    command.add_argument(
        "thing",
        metavar="THING",
        help="a network or a device, by name or path (.safetensors or its folder, .toml), or a bitstream",
    )
    command.add_argument("--device", help="the device that a network is shown on (default: az1)")
    command.add_argument(
        "--program", action="store_const", const=True, help="list the instructions of a network's programs"
    )
    command.add_argument(
        "--graph", action="store_const", const=True, help="list the operators, tensors and scales of a network's graphs"
    )
    command.add_argument("--drawing", type=_path, metavar="FILE.svg", help="write a network's graphs as a drawing")
    stored = "a network that is stored compressed is shown as it is, unless one of these is given"
    command.add_argument("--codec", help=f"weight codec (default: zvsv; {stored})")
    command.add_argument("--weight-bits", type=int, help="bits per weight, 1 to 8 (default: 5)")
    command.add_argument("--sparsity", type=float, help="share of zeros (default: 0.5)")
    command.add_argument(
        "--frames-per-step", type=_count, metavar="N", help="encoder steps gathered into a run (default: 1)"
    )


def _matvec(command: argparse.ArgumentParser) -> None:
    command.set_defaults(perform="azsim.matvec_command:perform")
    kinds = ".npy, .npz, .safetensors, or text with a row of 0 and 1 per line"
    command.add_argument("--weights", type=_path, required=True, metavar="FILE", help=f"(rows, columns): {kinds}")
    command.add_argument(
        "--activations", type=_path, required=True, metavar="FILE", help="(columns,) or (frames, columns), likewise"
    )
    command.add_argument("--device", default="az1", help="a device's name or a .toml (default: az1)")
    command.add_argument("--layer", metavar="NAME", help="only this array of a file with several (default: all)")
    command.add_argument("--codec", default="raw", help="how the weights travel (default: raw)")
    command.add_argument(
        "--weight-bits", type=int, default=8, help="bits per weight or palette index, 1 to 8 (default: 8)"
    )
    command.add_argument(
        "--residency",
        choices=("streamed", "compressed", "decoded"),
        help="where the weights are at the start (default: streamed, or decoded if the device keeps all weights)",
    )


def _update(command: argparse.ArgumentParser) -> None:
    command.set_defaults(perform="azsim.update_command:perform")
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    key = actions.add_parser("key", help="make a key pair: FILE.pem for the maker, FILE.pub.pem for devices")
    key.add_argument("file", type=_path, metavar="FILE.pem")
    image = actions.add_parser("image", help="compress a network to the file that lies in the device's flash")
    image.add_argument("model", metavar="MODEL", help="a name under models/, or a .safetensors or its folder")
    image.add_argument("--codec", default="zvsv", help="weight codec (default: zvsv)")
    image.add_argument("--weight-bits", type=int, default=5, help="bits per weight, 1 to 8 (default: 5)")
    image.add_argument("--sparsity", type=float, default=0.0, help="share of zeros (default: 0)")
    image.add_argument("--after", type=_path, metavar="OLD.azm", help="keep codec, scales and palettes of this image")
    image.add_argument(
        "--tolerance", type=float, default=0.0, help="with --after: dead zone around old values, 0 to 1 (default: 0)"
    )
    image.add_argument(
        "--format",
        type=int,
        choices=(1, 2),
        default=2,
        help="1 for devices with azsim 0.1.0; 2 stores biases on the processor's grid (default: 2)",
    )
    image.add_argument("--out", type=_path, required=True, metavar="NEW.azm")
    make = actions.add_parser("make", help="a signed update to an image")
    make.add_argument("image", type=_path, metavar="NEW.azm")
    make.add_argument("--old", type=_path, metavar="OLD.azm", help="what devices have: a delta; else a full update")
    make.add_argument(
        "--mask-seed", type=int, metavar="N", help="a masked delta: seed that the release was trained with"
    )
    make.add_argument("--mask-share", type=float, metavar="SHARE", help="and the share of its weights")
    make.add_argument("--release", type=_count, required=True, metavar="N", help="version, from 1 up")
    make.add_argument("--key", type=_path, required=True, metavar="KEY.pem")
    make.add_argument("--out", type=_path, required=True, metavar="UPDATE.azu")
    apply = actions.add_parser("apply", help="install an update into a store, as a device does")
    apply.add_argument("update", type=_path, metavar="UPDATE.azu")
    apply.add_argument("--store", type=_path, required=True, metavar="FOLDER")
    apply.add_argument(
        "--trust", type=_path, metavar="KEY.pub.pem", help="make the store first, for updates of this key"
    )
    apply.add_argument("--allow-rollback", action="store_true", help="take a version that is not higher")
    inspect = actions.add_parser("inspect", help="what an image, an update or a store is")
    inspect.add_argument("thing", type=_path, metavar="THING", help="an image, a store, or with --trust an update")
    inspect.add_argument("--trust", type=_path, metavar="KEY.pub.pem", help="who must have signed the update")
    for action in (key, image, make, apply, inspect):
        _common_options(action)


def _new(command: argparse.ArgumentParser) -> None:
    command.set_defaults(perform="azsim.new_command:perform")
    command.add_argument(
        "name",
        nargs="?",
        type=_path,
        default="my-experiment",
        metavar="NAME",
        help="of the folder (default: my-experiment)",
    )


def _completion(command: argparse.ArgumentParser) -> None:
    command.set_defaults(perform="azsim.completion_command:perform")
    command.add_argument("shell", metavar="SHELL", help="bash, zsh, fish or tcsh; azsim completion bash > FILE")


def _common_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="one JSON object on standard output and nothing else")
    talk = command.add_mutually_exclusive_group()
    talk.add_argument("-q", "--quiet", action="store_true", help="no progress and no warnings on standard error")
    talk.add_argument("-v", "--verbose", action="store_true", help="a line for every part and detail of the work")
    command.add_argument(
        "--max-memory",
        type=_size,
        metavar="SIZE",
        help="refuse work that would take more, such as 4G (default: three quarters of what is free)",
    )


def _report_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--out",
        type=_path,
        metavar="FOLDER",
        help="where the report goes (default: runs/ and the experiment's name, or run)",
    )
    command.add_argument(
        "--max-minutes", type=_minutes, default=10.0, metavar="M", help="longest recording (default: 10)"
    )
    command.add_argument(
        "--gain", type=_gain, default=1.0, metavar="G", help="factor of every sample of the recordings (default: 1)"
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
        "--trace-every", type=_count, default=1, metavar="N", help="tiles and flows of one step in N (default: 1)"
    )
    trace.add_argument(
        "--trace-events",
        type=_count,
        default=20000,
        metavar="N",
        help="most events in the file; tiles of fewer steps are shown until they fit (default: 20000)",
    )


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= len(text) <= 9 and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"{text}: must be a whole number, 1 to 999999999")
    return int(text)


def _size(text: str) -> int:
    try:
        return budget.parse_bytes(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _path(text: str) -> Path:
    """A file or folder; the empty text, which an unset variable of a shell leaves, is none."""
    if not text:
        raise argparse.ArgumentTypeError("the empty text names no file or folder")
    return Path(text)


def _gain(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 1e-12 <= value <= 1e6:
        raise argparse.ArgumentTypeError(f"{text}: must be a factor from 1e-12 to 1000000")
    return value


def _minutes(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 < value <= 600:
        raise argparse.ArgumentTypeError(f"{text}: must be a number above 0 and at most 600")
    return value


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


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    try:
        return parser().parse_args(arguments)
    except SystemExit:
        sys.stdout.flush()  # where --help cannot be printed, that is an error
        raise


def _perform(options: argparse.Namespace) -> int:
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        if options.quiet:
            warnings.simplefilter("ignore")
        with interrupts_end_all():
            module, name = options.perform.split(":")
            perform = getattr(import_module(module), name)
        with budget.limited(options.max_memory):
            answer = perform(options)
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
