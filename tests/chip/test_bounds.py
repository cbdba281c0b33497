"""The roofs by hand."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np

from azsim.chip.bounds import products_per_cycle, roof_cycles
from azsim.devices.loader import load_device
from azsim.reference.schedule_cases import schedule

AZ1 = load_device("az1").chip  # port 8 B/cycle; decoder 4 x 8 positions, 4 x 64 bits; 32 x 2 multipliers


def test_each_stage_needs_its_share_and_no_more() -> None:
    work = replace(
        schedule([100, 29], [1, 1], [[1, 0, 0, 0]] * 2),
        products=np.array([640, 1]),
        decoded_values=np.array([33, 0]),
        decoded_bits=np.array([256, 256]),
    )
    assert roof_cycles(work, AZ1) == {"dram": 17, "decoder": 2, "multipliers": 11}
    heavy = replace(work, decoded_bits=np.array([256, 257]))
    assert roof_cycles(heavy, AZ1)["decoder"] == 3


def test_products_per_cycle_of_each_engine() -> None:
    assert products_per_cycle(AZ1) == 64
    halves = msgspec.structs.replace(AZ1, lanes=msgspec.structs.replace(AZ1.lanes, subword=True))
    assert products_per_cycle(halves) == 128
    assert products_per_cycle(load_device("systolic-32").chip) == 1024


def test_nothing_to_do_needs_nothing() -> None:
    assert set(roof_cycles(schedule([], [], []), AZ1).values()) == {0}
