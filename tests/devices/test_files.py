"""Every number of a shipped device says where it comes from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import azsim.devices
from azsim.devices import load_device

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
    assert device.cycle_ps == device.chip.cycle_ps == round(1e6 / device.chip.clock_mhz)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_port_takes_no_more_than_the_memory_gives(path: Path) -> None:
    device = load_device(path)
    port_gbps = device.chip.port.bytes_per_cycle * device.chip.clock_mhz / 1e3
    assert port_gbps <= device.memory.peak_gbps * device.memory.efficiency
