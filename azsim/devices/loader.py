"""Reads a device description: what it inherits, unknown keys refused, and limits that span several keys checked."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import msgspec

from azsim.compress.codecs import codecs, get
from azsim.devices.board_spec import NetworkSpec
from azsim.devices.cpu_spec import NEEDED_TASKS, CpuSpec
from azsim.devices.dram_parts import part_mismatches
from azsim.devices.former_keys import present_keys
from azsim.devices.inherit import BASE, changed_keys, merged
from azsim.devices.memory_spec import MemorySpec
from azsim.devices.ports import port_demand
from azsim.devices.quantities import DramPart
from azsim.devices.regulation import check_policy, options_apart
from azsim.devices.spec import Device
from azsim.devices.sram import ring_bytes, sram_use
from azsim.errors import InputError, located, nearest
from azsim.explain import shown
from azsim.input_file import given_path
from azsim.resources import device_file
from azsim.toml import convert, read_toml

_LONGEST_CHAIN = 8
_NAMED_KEYS = 4


def load_device(name_or_path: str | Path) -> Device:
    """The device of that name, or of the TOML file at that path.

    A file with ``base = "NAME"`` (or the path of a ``.toml``, from the file's folder) has the keys of that device but
    for those that it gives itself; it needs a ``name`` of its own.

    Raises:
        InputError: no such device, or a key, type, unit or limit in the file or its base is wrong.

    Warns:
        UserWarning: capacity, width or clock of the memory is not that of the part it names.
    """
    path = find_device(name_or_path)
    device = check(_device(_tree(path, ()), path), path)
    for remark in remarks(device):
        warnings.warn(f"{path}: {remark}", stacklevel=2)
    return device


def remarks(device: Device) -> list[str]:
    """What in a device does not fit together and is no error: a line each, empty for all that is shipped."""
    memory, found = device.memory, _deprecated(device.network)
    if memory.timings is None:
        return found
    return [*found, *part_mismatches(memory.timings, memory.capacity_mib, memory.peak_gbps, memory.efficiency)]


def _deprecated(network: NetworkSpec) -> list[str]:
    """Keys that go, with what takes their place."""
    found = []
    if network.overhead is not None:
        found.append(
            f"network.overhead = {network.overhead:g}: deprecated, and goes with azsim 0.4; give "
            "network.framing_bytes, bytes of a write, in its place"
        )
    if network.retry.handshake_bytes is not None:
        found.append(
            f"network.retry.handshake_bytes = {network.retry.handshake_bytes}: deprecated, and goes with azsim 0.4; "
            "give the four sizes of network.handshake in its place"
        )
    return found


def _tree(path: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    """The keys of a whole device; ``above``: the files that inherit from this one."""
    own = present_keys(read_toml(path), path)
    if BASE not in own:
        return own
    base = own.pop(BASE)
    where = f"{path}: {BASE} = {shown(base)}"
    if not isinstance(base, str):
        raise InputError(f"{where}: must be the name of a device or the path of a .toml, in quotes")
    with located(where):
        base_path = find_device(path.parent / base if base.endswith(".toml") else base)
        chain = (*above, path)
        if any(base_path.samefile(one) for one in chain):
            raise InputError("a device cannot inherit from itself")
        if len(chain) > _LONGEST_CHAIN:
            raise InputError(f"more than {_LONGEST_CHAIN} devices that inherit one from another")
        inherited = _tree(base_path, chain)
        check(_device(inherited, base_path), base_path)
    if "name" not in own:
        raise InputError(f"{path}: name: missing; a device that inherits needs a name of its own")
    keys = [key for key in changed_keys(own) if key not in ("name", "summary")]
    more = f" and {len(keys) - _NAMED_KEYS} keys more" if len(keys) > _NAMED_KEYS else ""
    own.setdefault("summary", f"{inherited['name']}, but for {', '.join(keys[:_NAMED_KEYS]) or 'its name'}{more}")
    return merged(inherited, own)


def _device(tree: dict[str, Any], where: Path) -> Device:
    return convert(options_apart(tree, where), Device, where)


def find_device(name_or_path: str | Path) -> Path:
    """The TOML file that describes the device of that name, or is at that path.

    Raises:
        InputError: there is none.
    """
    path = given_path(name_or_path, "device")
    if path.suffix != ".toml":
        if path.name != str(name_or_path) or not path.name:
            raise InputError(f"{str(name_or_path)!r}: not a device; give a device's name or the path of a .toml")
        return device_file(path.name)
    if not os.path.exists(path):
        raise InputError(f"{path}: no such file; give the path of a device's .toml, or a device's name")
    return path


def check(device: Device, path: Path) -> Device:
    """Limits that no single key can state.

    Raises:
        InputError: no compute engine or two, a window below the multipliers, or more reads than the SRAM port
            delivers; a clock beyond the cores' operating points, or idle states out of order; a regulation that cannot
            work; a longest round trip below the usual one, packets of sound below a byte, or a longest wait below the
            first.
    """
    chip = device.chip
    lanes, sram = chip.lanes, chip.sram
    if (lanes is None) == (chip.systolic is None):
        raise InputError(f"{path}: chip: must have one of the tables chip.lanes and chip.systolic, and not both")
    if lanes is not None and lanes.window_positions < lanes.multipliers_per_lane:
        raise InputError(
            f"{path}: chip.lanes.window_positions = {lanes.window_positions}: must be at least "
            f"chip.lanes.multipliers_per_lane = {lanes.multipliers_per_lane}"
        )
    for codec in chip.decoder.codes_per_cycle:
        serial = [name for name in codecs() if get(name).circuit.values_per_cycle is not None]
        if codec not in serial:
            raise InputError(
                f"{path}: chip.decoder.codes_per_cycle.{shown(codec)}: must be one of {', '.join(serial)}, the codecs "
                f"whose codes are read one after the other{nearest(codec, serial)}"
            )
    needed = port_demand(chip)
    if needed > sram.port_bytes_per_cycle and sram.on_conflict == "refuse":
        raise InputError(
            f"{path}: chip.sram.port_bytes_per_cycle = {sram.port_bytes_per_cycle}: reads of weights "
            f"({'lanes x window' if lanes else 'an edge of the array'}) and decoder writes need {needed} bytes per "
            f"cycle; give the port at least that, narrow the {'window' if lanes else 'array'}, or let it stall "
            '(chip.sram.on_conflict = "stall")'
        )
    use = sram_use(sram, ring_bytes=ring_bytes(device.audio))
    if use.working_bytes > sram.bytes:
        ring = ", and the music's ring (audio.ring = 'sram')," if use.ring_bytes else ""
        raise InputError(
            f"{path}: chip.sram.bytes = {sram.bytes}: tile buffers and activations{ring} alone need "
            f"{use.working_bytes} bytes"
        )
    _check_cores(device.cpu, path)
    _check_memory(device.memory, path)
    check_policy(device.memory, device.priority.others, path)
    _check_network(device.network, path)
    return device


def _check_cores(cpu: CpuSpec, path: Path) -> None:
    for task in NEEDED_TASKS:
        if task not in cpu.tasks:
            given = ", ".join(cpu.tasks) or "none"
            raise InputError(f"{path}: cpu.tasks.{task}: missing; there are {given}{nearest(task, cpu.tasks)}")
    fastest = max(point.clock_mhz for point in cpu.operating_points)
    if cpu.clock_mhz > fastest:
        raise InputError(
            f"{path}: cpu.clock_mhz = {cpu.clock_mhz:g}: must be at most {fastest:g}, the "
            "fastest of cpu.operating_points"
        )
    states = cpu.idle_states
    if states[0].all_cores or states[0].min_residency_us:
        raise InputError(
            f"{path}: cpu.idle_states: the first, {states[0].name!r}, must be one that a core enters at once "
            "and alone: min_residency_us = 0, all_cores = false"
        )
    for before, state in pairwise(states):
        if state.min_residency_us <= before.min_residency_us or before.all_cores:
            raise InputError(
                f"{path}: cpu.idle_states: {state.name!r}: must need longer (min_residency_us) than {before.name!r} "
                "before it, and only the last may be one of all cores"
            )


def _check_memory(memory: MemorySpec, path: Path) -> None:
    if memory.fidelity == "bank" and memory.timings is None:
        raise InputError(
            f"{path}: memory.timings: missing; memory.fidelity = 'bank' needs the timings of a part, one of "
            f"{', '.join(get_args(DramPart))}"
        )


def _check_network(network: NetworkSpec, path: Path) -> None:
    if network.rtt_p99_ms < network.rtt_median_ms:
        raise InputError(
            f"{path}: network.rtt_p99_ms = {network.rtt_p99_ms:g}: must be at least network.rtt_median_ms = "
            f"{network.rtt_median_ms:g}"
        )
    if network.upload_kbps * network.upload_packet_ms < 8:
        raise InputError(
            f"{path}: network.upload_kbps = {network.upload_kbps:g}: a packet of network.upload_packet_ms = "
            f"{network.upload_packet_ms} must have at least a byte, so at least {8 / network.upload_packet_ms:g}"
        )
    if network.retry.longest_ms < network.retry.first_ms:
        raise InputError(
            f"{path}: network.retry.longest_ms = {network.retry.longest_ms}: must be at least network.retry.first_ms = "
            f"{network.retry.first_ms}"
        )


def scaled(device: Device, keys: Sequence[str], factor: float) -> Device:
    """The same device with some numbers scaled together: ``scaled(device, ["chip.clock_mhz"], 2)``.

    Whole numbers stay whole, at least 1.

    Raises:
        InputError: there is no such key, it holds no number, or the scaled device breaks a limit.
    """
    tree = msgspec.to_builtins(device)
    for dotted in keys:
        *parents, key = dotted.split(".")
        node = tree
        for parent in parents:
            node = node.get(parent) if isinstance(node, dict) else None
        if not isinstance(node, dict) or key not in node:
            raise InputError(f"device {device.name}: {dotted}: no such key")
        value = node[key]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"device {device.name}: {dotted} = {value!r}: not a number, so it cannot be scaled")
        node[key] = max(1, round(value * factor)) if isinstance(value, int) else value * factor
    origin = Path(f"{device.name} with {', '.join(keys)} x {factor:g}")
    return check(_device(tree, origin), origin)
