"""``azsim inspect THING``: find out what THING is, and show it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from azsim.commands.shared.options import count, granularity_option, path
from azsim.errors import InputError, nearest
from azsim.interrupts import interrupts_end_all

if TYPE_CHECKING:
    from azsim.inspect.inspection import Inspection

HELP = "what a network, a device, a bitstream or a lattice is"
DEVICE, CODEC, WEIGHT_BITS, SPARSITY = "az1", "zvsv", 5, 0.5
FOR_NETWORKS = ("program", "graph", "drawing", "device", "codec", "frames_per_step", "granularity")
ALL = (*FOR_NETWORKS, "weight_bits", "sparsity")


def declare(command: argparse.ArgumentParser) -> None:
    """The thing, and how a network is shown."""
    command.add_argument(
        "thing",
        metavar="THING",
        help="a network or a device, by name or path (.safetensors or its folder, .toml), a bitstream, a lattice",
    )
    command.add_argument("--device", help=f"the device that a network is shown on (default: {DEVICE})")
    command.add_argument(
        "--program", action="store_const", const=True, help="list the instructions of a network's programs"
    )
    command.add_argument(
        "--graph", action="store_const", const=True, help="list the operators, tensors and scales of a network's graphs"
    )
    command.add_argument(
        "--drawing", type=path, metavar="FILE.svg", help="write a network's graphs or a lattice as a drawing"
    )
    stored = "a network that is stored compressed is shown as it is, unless one of these is given"
    command.add_argument("--codec", help=f"weight codec (default: {CODEC}; {stored})")
    command.add_argument("--weight-bits", type=int, help=f"bits per weight, 1 to 8 (default: {WEIGHT_BITS})")
    command.add_argument("--sparsity", type=float, help=f"share of zeros (default: {SPARSITY})")
    granularity_option(command, None)
    command.add_argument(
        "--frames-per-step", type=count, metavar="N", help="encoder steps gathered into a run (default: 1)"
    )


def perform(options: argparse.Namespace) -> dict[str, object]:
    """Inspect, print unless ``--json``, and return what ``--json`` prints.

    Raises:
        InputError: there is no such thing, or an option does not fit it.
    """
    with interrupts_end_all():
        from azsim.inspect.inspection import show
        from azsim.report.fitted import output_console
    found = _inspect(options)
    if not options.json:
        show(found, output_console())
    return dict(found.answer)


def kind_of(thing: str) -> str:
    """What ``thing`` names: ``device``, ``network``, ``lattice`` or ``bitstream``.

    Raises:
        InputError: nothing of that name or at that path.
    """
    from azsim.resources import device_names, model_names

    suffix = Path(thing).suffix
    if suffix == ".toml":
        return "device"
    if suffix == ".safetensors":
        return "network"
    if suffix == ".slf":
        return "lattice"
    if os.path.isfile(thing):
        return "bitstream"
    networks = model_names()
    if thing in networks:
        return "network"
    if thing in device_names():
        return "device"
    if os.path.isdir(thing):
        return "network"
    known = (*networks, *device_names())
    raise InputError(
        f"{thing}: no network, device, file or folder of that name; there are the networks "
        f"{', '.join(networks) or 'none'} and the devices {', '.join(device_names())}{nearest(thing, known)}"
    )


def _inspect(options: argparse.Namespace) -> Inspection:
    kind = kind_of(options.thing)
    if kind == "lattice":
        _refuse(options, [name for name in ALL if name != "drawing"], "is a lattice")
        with interrupts_end_all():
            from azsim.inspect.lattice import inspect_lattice
        return inspect_lattice(Path(options.thing), options.drawing)
    if kind != "network":
        _refuse(options, FOR_NETWORKS if kind == "device" else ALL, f"is a {kind}")
    if kind == "bitstream":
        with interrupts_end_all():
            from azsim.inspect.bitstream import inspect_bitstream
        return inspect_bitstream(Path(options.thing))
    if kind == "network":
        return _inspect_network(options)
    with interrupts_end_all():
        from azsim.devices import load_device
        from azsim.inspect.device import WeightFigures, inspect_device
    weight_bits, sparsity = _bits_and_zeros(options)
    return inspect_device(load_device(options.thing), WeightFigures.of(weight_bits, sparsity))


def _refuse(options: argparse.Namespace, names: Sequence[str], what: str) -> None:
    """Say which options were given that the thing has no use for."""
    given = ["--" + name.replace("_", "-") for name in names if getattr(options, name) is not None]
    if given:
        raise InputError(f"{options.thing}: {what}; leave out {', '.join(given)}")


def _inspect_network(options: argparse.Namespace) -> Inspection:
    """On a device, its weights as the file has them or compressed as wanted; in float if no device can run it."""
    with interrupts_end_all():
        from azsim.chip.build import tile_layout
        from azsim.compress import compress
        from azsim.compress.stored import load_compressed, load_network
        from azsim.devices import load_device
        from azsim.inspect.network import inspect_float, inspect_network
        from azsim.nn.graph.network import GraphNetwork
        from azsim.speech.gather import check_together
    bits, sparsity = _bits_and_zeros(options)
    device, steps = load_device(options.device or DEVICE), options.frames_per_step or 1
    layout = tile_layout(device.chip)
    as_stored = (options.codec, options.weight_bits, options.sparsity, options.granularity) == (None,) * 4
    small = load_compressed(options.thing) if as_stored else None
    if small is not None:
        small = small.laid_out(layout)
    else:
        network = load_network(options.thing)
        if network.is_bidirectional:
            _refuse(options, ALL, "a bidirectional encoder hears no stream, so it runs in float, in the cloud")
            return inspect_float(network)
        codec = options.codec or CODEC
        granularity = options.granularity or "tensor"
        small = compress(
            network, weight_bits=bits, sparsity=sparsity, codec=codec, granularity=granularity, layout=layout
        )
    if isinstance(small.network, GraphNetwork):
        if steps > 1:
            raise InputError(
                f"{options.thing}: is a graph of its own, which takes its steps one by one; leave out --frames-per-step"
            )
    else:
        check_together(steps, small.network.steps_per_output)
    found = inspect_network(device, small, steps, bool(options.program))
    if options.graph or options.drawing is not None:
        from azsim.inspect.graph import with_graphs

        return with_graphs(found, small, bool(options.graph), options.drawing)
    return found


def _bits_and_zeros(options: argparse.Namespace) -> tuple[int, float]:
    """Bits per weight and share of zeros that the options ask for, with the defaults of those left out."""
    from azsim.ranges import check_bits_and_zeros

    bits = WEIGHT_BITS if options.weight_bits is None else options.weight_bits
    sparsity = SPARSITY if options.sparsity is None else options.sparsity
    check_bits_and_zeros(bits, sparsity)
    return bits, sparsity
