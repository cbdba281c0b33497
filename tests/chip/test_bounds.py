"""The roofs by hand."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from azsim.chip.bounds import products_per_cycle, roof_cycles
from azsim.chip.matvec import matvec
from azsim.devices.loader import load_device
from azsim.reference.schedule_cases import schedule

AZ1 = load_device("az1").chip  # port 8 B/cycle; decoder 4 x 8 positions, 4 x 64 bits; 32 x 2 multipliers


def test_each_stage_needs_its_share_and_no_more() -> None:
    work = replace(schedule([100, 29], [5, 2], [[1, 0, 0, 0]] * 2), products=np.array([640, 1]))
    assert roof_cycles(work, AZ1) == {"dram": 17, "decoder": 7, "multipliers": 11}


@pytest.mark.parametrize(("codec", "rate"), [("golomb", 1), ("huffman", 1), ("palette", 4), ("raw", 8)])
def test_the_decoder_s_roof_knows_what_the_codec_s_codes_allow(codec: str, rate: int) -> None:
    """One stream's share of positions, values or bits decides: of 4 streams with 8 positions and 4 values each."""
    weights = (np.random.default_rng(0).integers(1, 16, (256, 256)) - 16).astype(np.int8)
    bits = 8 if codec == "raw" else 5
    cost = matvec(AZ1, weights, np.ones(256, np.int8), codec=codec, weight_bits=bits, residency="compressed")
    each = 256 * 256 // 4
    least = -(-each // min(rate, 4))
    assert least <= cost.roof_cycles["decoder"] <= least + 4 * (AZ1.decoder.startup_cycles + 4 + each // 100)
    assert cost.cycles >= cost.roof_cycles["decoder"]


def test_products_per_cycle_of_each_engine() -> None:
    assert products_per_cycle(AZ1) == 64
    halves = msgspec.structs.replace(AZ1, lanes=msgspec.structs.replace(AZ1.lanes, subword=True))
    assert products_per_cycle(halves) == 128
    assert products_per_cycle(load_device("systolic-32").chip) == 1024


def test_nothing_to_do_needs_nothing() -> None:
    assert set(roof_cycles(schedule([], [], []), AZ1).values()) == {0}
