"""Stalls against a port that is stepped cycle by cycle; who shares which port."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from azsim.chip.conflicts import with_stalls
from azsim.chip.lanes import lane_cost
from azsim.chip.matvec import matvec
from azsim.compress.layout import TileLayout, cut
from azsim.devices.chip_spec import ChipSpec
from azsim.devices.loader import load_device
from azsim.devices.ports import port_demand

AZ1 = load_device("az1").chip
WEIGHTS = (np.random.default_rng(0).random((96, 130)) < 0.5).astype(np.int8)
COST = lane_cost(WEIGHTS, cut(96, 130, TileLayout()), AZ1.lanes)


def chip_with(**sram: int | str) -> ChipSpec:
    return msgspec.structs.replace(AZ1, sram=msgspec.structs.replace(AZ1.sram, on_conflict="stall", **sram))


def stepped(cycles: int, asked: int, given: int) -> int:
    """Cycles until so many steps are done, each of which takes ``asked`` bytes of what the port has given."""
    clock = done = credit = 0
    while done < cycles:
        clock += 1
        credit += given
        if credit >= asked:
            credit -= asked
            done += 1
    return clock


@pytest.mark.parametrize("port", [1, 7, 80, 100, 127, 159, 160, 256])
@pytest.mark.parametrize("ports", [1, 2])
@pytest.mark.parametrize("decodes", [True, False])
def test_a_tile_takes_what_the_stepped_port_takes(port: int, ports: int, decodes: bool) -> None:
    chip = chip_with(port_bytes_per_cycle=port, ports=ports)
    stalled = with_stalls(COST, chip, decodes)
    asked = {(1, True): 160, (1, False): 128, (2, True): 128, (2, False): 128}[ports, decodes]
    assert port_demand(chip, decodes) == asked
    for cycles, took in zip(COST.cycles.ravel(), stalled.cycles.ravel(), strict=True):
        assert took == max(cycles, stepped(int(cycles), asked, port))
    assert np.array_equal(stalled.split.sum(axis=-1), stalled.cycles)
    assert np.array_equal(np.delete(stalled.split, 1, axis=-1), np.delete(COST.split, 1, axis=-1))


def test_a_port_that_gives_enough_changes_nothing() -> None:
    assert with_stalls(COST, chip_with(port_bytes_per_cycle=160), True) is COST


def test_banks_that_do_not_divide_the_lanes_are_asked_for_more() -> None:
    assert port_demand(chip_with(banks=8)) == 8 * 4 * 4 + 32
    assert port_demand(chip_with(banks=6)) == 6 * 6 * 4 + 32
    assert port_demand(chip_with(banks=64)) == 64 * 4 + 32


def test_half_the_port_doubles_the_lanes_time() -> None:
    vector = np.ones(130, np.int8)
    wide = matvec(chip_with(port_bytes_per_cycle=128), WEIGHTS, vector, residency="decoded")
    narrow = matvec(chip_with(port_bytes_per_cycle=64), WEIGHTS, vector, residency="decoded")
    assert narrow.causes["vector"] == wide.causes["vector"]
    assert narrow.cycles - narrow.causes["vector"] == 2 * (wide.cycles - wide.causes["vector"])
    assert narrow.causes["window"] == wide.causes["window"] + wide.cycles - wide.causes["vector"]
    assert sum(narrow.causes.values()) == narrow.cycles
