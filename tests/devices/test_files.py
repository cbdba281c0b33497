"""Every number of a shipped device says where it comes from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

import azsim.devices
from azsim.devices import load_device
from azsim.devices.dram_parts import TIMINGS
from azsim.devices.inherit import changed_keys
from azsim.devices.loader import remarks

FILES = sorted(Path(azsim.devices.__file__).parent.glob("*.toml"))
NUMBER = re.compile(r"^\w+\s*=\s*[-+]?[\d.]")
COMMENT = re.compile(r"#\s*\S.{3,}")


def test_there_are_devices() -> None:
    assert {"az1", "az2"} <= {path.stem for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_number_has_a_source_or_says_assumed(path: Path) -> None:
    bare = [line for line in path.read_text().splitlines() if NUMBER.match(line) and not COMMENT.search(line)]
    assert not bare


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_loads_by_name_and_by_path(path: Path) -> None:
    device = load_device(path.stem)
    assert device.name == path.stem
    assert load_device(path) == device


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_port_takes_no_more_than_the_memory_gives(path: Path) -> None:
    device = load_device(path)
    port_gbps = device.chip.port.bytes_per_cycle * device.chip.clock_mhz / 1e3
    assert port_gbps <= device.memory.peak_gbps * device.memory.efficiency


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_capacity_width_and_timings_of_its_memory_are_one_part(path: Path) -> None:
    device = load_device(path)
    assert remarks(device) == []
    part = TIMINGS[device.memory.timings]
    assert (device.memory.capacity_mib, device.memory.peak_gbps) == (part.capacity_mib, part.peak_gbps)
    assert device.memory.efficiency == pytest.approx(part.refresh_ceiling(), abs=0.002)


@pytest.mark.parametrize("path", [path for path in FILES if path.stem != "az1"], ids=lambda path: path.stem)
def test_every_other_device_inherits_and_says_only_what_differs(path: Path) -> None:
    own = tomllib.loads(path.read_text())
    assert own["base"] == "az1"
    repeated = [
        key
        for key in changed_keys(own)
        if at(own, key) == at(msgspec.to_builtins(load_device("az1")), key) and not key.startswith("chip.")
    ]
    assert repeated == []


def at(tree: dict, dotted: str) -> object:
    for key in dotted.split("."):
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree
