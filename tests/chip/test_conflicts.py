"""Stalls against a port that is stepped cycle by cycle; who shares which port."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.chip.conflicts import with_stalls
from azsim.chip.lanes import lane_cost
from azsim.compress.layout import TileLayout, cut
from azsim.deploy.matvec import matvec
from azsim.devices.chip_spec import ChipSpec, DecoderSpec
from azsim.devices.loader import load_device
from azsim.devices.ports import port_demand, port_reads

AZ1 = load_device("az1").chip
WEIGHTS = (np.random.default_rng(0).random((96, 130)) < 0.5).astype(np.int8)
COST = lane_cost(WEIGHTS, cut(96, 130, TileLayout()), AZ1.lanes)


def chip_with(**sram: int | str) -> ChipSpec:
    return msgspec.structs.replace(AZ1, sram=msgspec.structs.replace(AZ1.sram, on_conflict="stall", **sram))


def stepped(cycles: int, reads: int, written: int, given: int) -> int:
    """Cycles until so many steps are done, each of which takes ``reads`` bytes, and ``written`` bytes besides."""
    clock = done = credit = 0
    while done < cycles or written > 0:
        clock += 1
        credit += given
        if done < cycles and credit >= reads:
            credit -= reads
            done += 1
        if done == cycles:
            written, credit = written - credit, 0
    return clock


@pytest.mark.parametrize("port", [1, 7, 80, 100, 127, 159, 160, 256])
@pytest.mark.parametrize("ports", [1, 2])
@pytest.mark.parametrize("decodes", [True, False])
def test_a_tile_takes_what_the_stepped_port_takes(port: int, ports: int, decodes: bool) -> None:
    chip = chip_with(port_bytes_per_cycle=port, ports=ports)
    positions = cut(96, 130, TileLayout()).positions
    stalled = with_stalls(COST, chip, positions if decodes else None)
    assert port_reads(chip) == 128
    written = positions if decodes and ports == 1 else np.zeros_like(positions)
    for frame in range(COST.cycles.shape[0]):
        for tile, cycles in enumerate(COST.cycles[frame].tolist()):
            took = stalled.cycles[frame, tile]
            assert took == stepped(cycles, 128, int(written[tile]), port)
    assert np.array_equal(stalled.split.sum(axis=-1), stalled.cycles)
    assert np.array_equal(np.delete(stalled.split, 1, axis=-1), np.delete(COST.split, 1, axis=-1))


def test_a_port_that_gives_enough_or_never_too_little_changes_nothing() -> None:
    positions = cut(96, 130, TileLayout()).positions
    assert with_stalls(COST, chip_with(port_bytes_per_cycle=4096), positions) is COST
    assert with_stalls(COST, AZ1, positions) is COST, "a device that would ask for more is refused"


def test_tiles_that_are_only_fetched_stall_nobody() -> None:
    idle = replace(COST, cycles=np.zeros_like(COST.cycles), split=np.zeros_like(COST.split))
    assert with_stalls(idle, chip_with(port_bytes_per_cycle=1), cut(96, 130, TileLayout()).positions) is idle


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_a_faster_decoder_never_makes_a_run_slower(data: st.DataObject) -> None:
    """Random devices whose ports may stall, random matrices, codecs, places; any rate higher, the start-up shorter."""

    def draw(strategy: st.SearchStrategy) -> Any:
        return data.draw(strategy)

    lanes = msgspec.structs.replace(
        AZ1.lanes, lanes=draw(st.sampled_from([2, 5, 16, 32])), window_positions=draw(st.integers(2, 6)),
        block_columns=draw(st.sampled_from([4, 16])), skip=draw(st.sampled_from(["none", "weights", "both"])),
    )  # fmt: skip
    slow = DecoderSpec(
        streams=draw(st.sampled_from([1, 2, 4])), positions_per_cycle=draw(st.integers(1, 16)),
        values_per_cycle=draw(st.integers(1, 16)), bits_per_cycle=draw(st.integers(1, 64)),
        startup_cycles=draw(st.integers(0, 20)), codes_per_cycle={"golomb": draw(st.sampled_from([0.25, 1.0, 3.3]))},
    )  # fmt: skip
    fast = msgspec.structs.replace(
        slow, positions_per_cycle=slow.positions_per_cycle + draw(st.integers(0, 16)),
        values_per_cycle=slow.values_per_cycle + draw(st.integers(0, 16)),
        bits_per_cycle=slow.bits_per_cycle + draw(st.integers(0, 64)),
        startup_cycles=draw(st.integers(0, slow.startup_cycles)),
        codes_per_cycle={"golomb": slow.codes_per_cycle["golomb"] * draw(st.sampled_from([1, 2, 7.2]))},
    )  # fmt: skip
    sram = msgspec.structs.replace(
        AZ1.sram, on_conflict="stall", port_bytes_per_cycle=draw(st.integers(1, 200)), ports=draw(st.integers(1, 2)),
        tile_positions=draw(st.sampled_from([256, 1024, 16_384])), weight_buffers=draw(st.integers(1, 3)),
        fetch_buffers=draw(st.integers(1, 3)),
    )  # fmt: skip
    port = msgspec.structs.replace(AZ1.port, bytes_per_cycle=draw(st.integers(1, 64)))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    rows, columns, density = draw(st.integers(1, 90)), draw(st.integers(1, 90)), draw(st.sampled_from([0.1, 0.5, 1.0]))
    weights = (rng.integers(-7, 8, (rows, columns)) * (rng.random((rows, columns)) < density)).astype(np.int8)
    vectors = rng.integers(-2, 3, (draw(st.integers(1, 3)), columns)).astype(np.int8)
    codec, residency = (
        draw(st.sampled_from(["raw", "zvsv", "golomb"])),
        draw(st.sampled_from(["streamed", "compressed"])),
    )
    cycles = [
        matvec(
            msgspec.structs.replace(AZ1, lanes=lanes, decoder=decoder, sram=sram, port=port), weights, vectors,
            codec=codec, weight_bits=8 if codec == "raw" else 4, residency=residency,
        ).cycles
        for decoder in (slow, fast)
    ]  # fmt: skip
    assert cycles[1] <= cycles[0]


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
