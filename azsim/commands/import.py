"""``azsim import NET.onnx --out NAME``: an ONNX or TFLite model as a graph of azsim, in a file of its own."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from azsim.commands.shared.options import path
from azsim.errors import InputError
from azsim.interrupts import interrupts_end_all

if TYPE_CHECKING:
    from azsim.nn.onnx.check import OutputCheck
    from azsim.nn.onnx.importer import Imported

HELP = "an ONNX or TFLite model as a network of azsim"
MOST_CHECKED = 1000
"""Steps of each stream that a check runs."""


def declare(command: argparse.ArgumentParser) -> None:
    """The model, what it leaves open, the user's inputs."""
    command.add_argument("model", type=path, metavar="NET.onnx", help="the model, .onnx or .tflite")
    command.add_argument(
        "--out", type=path, required=True, metavar="NAME", help="a .safetensors file, or a folder for model.safetensors"
    )
    command.add_argument("--name", help="of the network (default: the file's)")
    command.add_argument(
        "--set", type=_setting, action="append", default=[], dest="settings", metavar="NAME=N",
        help="the value of an input, or of a dimension that the model leaves open, such as sr=16000",
    )  # fmt: skip
    command.add_argument(
        "--shape", type=_shape, action="append", default=[], dest="shapes", metavar="INPUT=1xN",
        help="the shape of an input",
    )  # fmt: skip
    command.add_argument(
        "--state", type=_state, action="append", default=[], dest="states", metavar="IN=OUT",
        help="an output that is an input's value for the next step (default: recognised by their names)",
    )  # fmt: skip
    command.add_argument(
        "--output", action="append", default=[], dest="outputs", metavar="NAME",
        help="an output that is kept; may be given again (default: all)",
    )  # fmt: skip
    command.add_argument(
        "--every-ms", type=float, default=100.0, metavar="MS", help="time from one run to the next (default: 100)"
    )
    command.add_argument(
        "--calibrate", type=path, metavar="DIR_OR_NPZ", help="inputs from which the grids of its tensors are chosen"
    )
    command.add_argument(
        "--search", action="store_true",
        help="choose where grids end by what the outputs lose on the inputs of --calibrate, rather than by percentile",
    )  # fmt: skip
    command.add_argument(
        "--int16-below", type=float, metavar="DB",
        help="an operand of products that alone brings an output below so many dB is int16, in two passes of the lanes",
    )  # fmt: skip
    command.add_argument(
        "--granularity", choices=("tensor", "gate", "channel"), default="channel",
        help="scales of the weights in the check of integers (default: channel)",
    )  # fmt: skip
    command.add_argument(
        "--check", action="store_true",
        help="hold the graph against ONNX Runtime, and its integers against its floats, on the inputs of --calibrate",
    )  # fmt: skip


def perform(options: argparse.Namespace) -> dict[str, object]:
    """Import, check where asked for, write, and return what ``--json`` prints."""
    with interrupts_end_all():
        from dataclasses import replace

        from azsim.nn.graph.calibrate import calibrated
        from azsim.nn.graph.feeds import read_streams
        from azsim.nn.graph.lower import wide_tensors
        from azsim.nn.graph.sensitivity import calibrated_nearest, calibrated_within
        from azsim.nn.graph.stored import save_graph
        from azsim.nn.onnx.importer import import_model
        from azsim.output_file import check_output_file
        from azsim.resources import MODEL_FILE
    target: Path = options.out if options.out.suffix == ".safetensors" else options.out / MODEL_FILE
    check_output_file(target if os.path.isdir(target.parent) else options.out)
    asked = {"check": options.check, "search": options.search, "int16-below": options.int16_below is not None}
    for name, given in asked.items():
        if given and options.calibrate is None:
            raise InputError(f"--{name}: needs inputs; give them by --calibrate")
    if options.int16_below is not None and not abs(options.int16_below) < 1000:
        raise InputError(f"--int16-below {options.int16_below:g}: must be a number of dB, such as 40")
    imported = import_model(
        options.model,
        name=options.name,
        settings=dict(options.settings),
        shapes=dict(options.shapes),
        states=dict(options.states),
        outputs=tuple(options.outputs),
        every_ms=options.every_ms,
    )
    network, checks = imported.network, []
    if options.calibrate is not None:
        streams = read_streams(options.calibrate, network.graph)
        below, hints = options.int16_below, network.hints
        if options.search:
            integers = calibrated_nearest(network.graph, streams, below, options.granularity, hints)
        elif below is not None:
            integers = calibrated_within(network.graph, streams, below, options.granularity, hints=hints)
        else:
            integers = calibrated(network.graph, streams, options.granularity, hints=hints)
        network = replace(network, grids=integers.stated)
        if options.check:
            checks = _check(imported, streams, integers, options.model)
    digest = save_graph(network, target, {"imported_from": options.model.name, "states": dict(imported.states)})
    answer = {
        "network": network.name,
        "file": str(target),
        "digest": digest,
        "nodes": len(network.graph.nodes),
        "weights": network.weights,
        "states": dict(imported.states),
        "carried_within_layers": sorted(imported.carried_within),
        "quantised_matrices": len(network.quantised),
        "calibrated": bool(network.grids),
        "kept_grids": len(network.hints),
        "int16_operands": sorted(wide_tensors(network.graph, network.grids) & set(network.grids)),
        "checks": [_row(each) for each in checks],
    }
    if not options.json:
        _print(answer)
    return answer


def _check(imported: Imported, streams: list, integers: object, model: Path) -> list[OutputCheck]:
    from azsim.nn.onnx.check import check

    short = [{name: values[:MOST_CHECKED] for name, values in stream.items()} for stream in streams]
    return check(imported, short, model, integers)


def _row(found: OutputCheck) -> dict[str, object]:
    finite = found.snr_db is not None and abs(found.snr_db) != float("inf")
    return {
        "output": found.output,
        "values": found.values,
        "float_error": found.error,
        "float_error_as_given": found.as_given,
        "integer_snr_db": round(float(found.snr_db), 2) if finite else None,
    }


def _print(answer: dict[str, object]) -> None:
    from azsim.report.fitted import output_console

    console = output_console()
    states = ", ".join(f"{before} = {after}" for before, after in answer["states"].items()) or "none"
    console.print(f"{answer['file']}: {answer['nodes']} nodes, {answer['weights']:,} weights; states: {states}")
    if not answer["calibrated"]:
        console.print("not calibrated: it runs in float until --calibrate gives it grids")
    if answer["int16_operands"]:
        console.print(f"int16, in two passes: {', '.join(answer['int16_operands'])}")
    for row in answer["checks"]:
        given = "" if row["float_error_as_given"] is None else f", {row['float_error_as_given']:.1e} from it as given"
        snr = "exact" if row["integer_snr_db"] is None else f"{row['integer_snr_db']:.1f} dB"
        console.print(
            f"{row['output']}: {row['values']:,} values: float differs by {row['float_error']:.1e} from ONNX Runtime"
            f"{given}; integers: {snr} against float"
        )


def _pair(text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not (name and mark and value):
        raise argparse.ArgumentTypeError(f"{text}: must be NAME=VALUE")
    return name, value


def _setting(text: str) -> tuple[str, float]:
    name, value = _pair(text)
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not abs(number) < 1e15:
        raise argparse.ArgumentTypeError(f"{text}: must be NAME=NUMBER")
    return name, number


def _shape(text: str) -> tuple[str, tuple[int, ...]]:
    name, value = _pair(text)
    if not re.fullmatch(r"[1-9][0-9]{0,8}(x[1-9][0-9]{0,8}){0,7}", value):
        raise argparse.ArgumentTypeError(f"{text}: must be INPUT=1xN, with extents from 1 up")
    return name, tuple(int(extent) for extent in value.split("x"))


def _state(text: str) -> tuple[str, str]:
    return _pair(text)
