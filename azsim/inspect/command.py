"""``azsim inspect THING``: find out what THING is, and show it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from azsim.compress import compress
from azsim.compress.recipe import MatrixRecipe
from azsim.compress.stored import load_compressed, load_network
from azsim.errors import InputError, nearest
from azsim.inspect.inspection import Inspection, show
from azsim.ranges import check_bits_and_zeros
from azsim.report.fitted import output_console
from azsim.resources import device_names, model_names

DEFAULT = MatrixRecipe(weight_bits=5, sparsity=0.5, codec="zvsv")
DEVICE = "az1"
FOR_NETWORKS = ("program", "graph", "drawing", "device", "codec", "frames_per_step")
ALL = (*FOR_NETWORKS, "weight_bits", "sparsity")


def perform(options: argparse.Namespace) -> dict[str, object]:
    """Inspect, print unless ``--json``, and return what ``--json`` prints.

    Raises:
        InputError: there is no such thing, or an option does not fit it.
    """
    found = _inspect(options)
    if not options.json:
        show(found, output_console())
    return dict(found.answer)


def kind_of(thing: str) -> str:
    """What ``thing`` names: ``device``, ``network`` or ``bitstream``.

    Raises:
        InputError: nothing of that name or at that path.
    """
    path = Path(thing)
    if path.suffix == ".toml":
        return "device"
    if path.suffix == ".safetensors":
        return "network"
    if os.path.isfile(path):
        return "bitstream"
    networks = model_names()
    if thing in networks:
        return "network"
    if thing in device_names():
        return "device"
    if os.path.isdir(path):
        return "network"
    known = (*networks, *device_names())
    raise InputError(
        f"{thing}: no network, device, file or folder of that name; there are the networks "
        f"{', '.join(networks) or 'none'} and the devices {', '.join(device_names())}{nearest(thing, known)}"
    )


def _inspect(options: argparse.Namespace) -> Inspection:
    kind = kind_of(options.thing)
    if kind != "network":
        _refuse(options, FOR_NETWORKS if kind == "device" else ALL, f"is a {kind}")
    if kind == "bitstream":
        from azsim.inspect.bitstream import inspect_bitstream

        return inspect_bitstream(Path(options.thing))
    if kind == "network":
        return _inspect_network(options)
    from azsim.devices import load_device
    from azsim.inspect.device import Weights, inspect_device

    wanted = _wanted(options)
    return inspect_device(load_device(options.thing), Weights.of(wanted.weight_bits, wanted.sparsity))


def _refuse(options: argparse.Namespace, names: Sequence[str], what: str) -> None:
    """Say which options were given that the thing has no use for."""
    given = ["--" + name.replace("_", "-") for name in names if getattr(options, name) is not None]
    if given:
        raise InputError(f"{options.thing}: {what}; leave out {', '.join(given)}")


def _inspect_network(options: argparse.Namespace) -> Inspection:
    """On a device, its weights as the file has them or compressed as wanted; in float if no device can run it."""
    from azsim.chip.build import tile_layout
    from azsim.devices import load_device
    from azsim.inspect.network import inspect_float, inspect_network
    from azsim.speech.gather import check_together

    wanted, device, steps = _wanted(options), load_device(options.device or DEVICE), options.frames_per_step or 1
    layout = tile_layout(device.chip)
    as_stored = options.codec is None and options.weight_bits is None and options.sparsity is None
    small = load_compressed(options.thing) if as_stored else None
    if small is not None:
        small = small.laid_out(layout)
    else:
        network = load_network(options.thing)
        if network.is_bidirectional:
            _refuse(options, ALL, "a bidirectional encoder hears no stream, so it runs in float, in the cloud")
            return inspect_float(network)
        bits, sparsity, codec = wanted.weight_bits, wanted.sparsity, wanted.codec
        small = compress(network, weight_bits=bits, sparsity=sparsity, codec=codec, layout=layout)
    check_together(steps, small.network.steps_per_output)
    found = inspect_network(device, small, steps, bool(options.program))
    if options.graph or options.drawing is not None:
        from azsim.inspect.graph import with_graphs

        return with_graphs(found, small, bool(options.graph), options.drawing)
    return found


def _wanted(options: argparse.Namespace) -> MatrixRecipe:
    """Codec, bits and zeros that the options ask for, with the defaults of those left out."""
    bits = DEFAULT.weight_bits if options.weight_bits is None else options.weight_bits
    sparsity = DEFAULT.sparsity if options.sparsity is None else options.sparsity
    check_bits_and_zeros(bits, sparsity)
    return MatrixRecipe(bits, sparsity, options.codec or DEFAULT.codec)
