"""``azsim inspect THING``: find out what THING is, and show it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from azsim.errors import InputError, nearest
from azsim.inspect.inspection import Inspection, show
from azsim.resources import device_names, shipped_root

TABLE_COLUMNS = 160


def perform(options: argparse.Namespace) -> dict[str, object]:
    """Inspect, print unless ``--json``, and return what ``--json`` prints.

    Raises:
        InputError: there is no such thing, or an option does not fit it.
    """
    found = _inspect(options)
    if not options.json:
        show(found, Console() if sys.stdout.isatty() else Console(width=TABLE_COLUMNS))
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
    if path.is_file():
        return "bitstream"
    networks = _networks()
    if thing in networks:
        return "network"
    if thing in device_names():
        return "device"
    known = (*networks, *device_names())
    raise InputError(
        f"{thing}: no network, device or file of that name; there are the networks {', '.join(networks) or 'none'} and "
        f"the devices {', '.join(device_names())}{nearest(thing, known)}"
    )


def _inspect(options: argparse.Namespace) -> Inspection:
    kind = kind_of(options.thing)
    if kind == "bitstream":
        from azsim.inspect.bitstream import inspect_bitstream

        return inspect_bitstream(Path(options.thing))
    from azsim.devices import load_device

    _check(options)
    if kind == "device":
        from azsim.inspect.device import Weights, inspect_device

        return inspect_device(load_device(options.thing), Weights.of(options.weight_bits, options.sparsity))
    from azsim.chip.build import tile_layout
    from azsim.compress import compress
    from azsim.inspect.network import inspect_network
    from azsim.nn.load import load_network
    from azsim.speech.gather import check_together

    device, network = load_device(options.device), load_network(options.thing)
    check_together(options.frames_per_step, network.steps_per_output)
    small = compress(
        network,
        weight_bits=options.weight_bits,
        sparsity=options.sparsity,
        codec=options.codec,
        layout=tile_layout(device.chip),
    )
    return inspect_network(device, small, options.frames_per_step, options.program)


def _check(options: argparse.Namespace) -> None:
    if not 1 <= options.weight_bits <= 8:
        raise InputError(f"--weight-bits {options.weight_bits}: must be a whole number from 1 to 8")
    if not 0 <= options.sparsity <= 1:
        raise InputError(f"--sparsity {options.sparsity}: must be a share from 0 to 1")


def _networks() -> tuple[str, ...]:
    return tuple(sorted(path.parent.name for path in (shipped_root() / "models").glob("*/model.safetensors")))
