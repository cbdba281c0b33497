"""What follows from the table of a chip."""

from __future__ import annotations

import msgspec
import pytest

from azsim.devices.chip_spec import SystolicSpec
from azsim.devices.loader import load_device

AZ1 = load_device("az1").chip


def test_lanes_multiply_and_read_what_their_windows_hold() -> None:
    lanes = msgspec.structs.replace(AZ1.lanes, lanes=7, multipliers_per_lane=3, window_positions=5)
    chip = msgspec.structs.replace(AZ1, lanes=lanes)
    assert (chip.multipliers, chip.weight_reads_per_cycle) == (21, 35)


@pytest.mark.parametrize(
    ("dataflow", "reads"), [("weight-stationary", 12), ("output-stationary", 12), ("input-stationary", 5)]
)
def test_an_array_reads_weights_at_one_of_its_edges(dataflow: str, reads: int) -> None:
    chip = msgspec.structs.replace(AZ1, lanes=None, systolic=SystolicSpec(5, 12, dataflow))
    assert (chip.multipliers, chip.weight_reads_per_cycle) == (60, reads)


def test_without_a_limit_every_element_may_be_looked_up() -> None:
    unit = msgspec.structs.replace(AZ1.vector, elements_per_cycle=16)
    assert [msgspec.structs.replace(unit, table_reads_per_cycle=reads).table_ports for reads in (0, 5)] == [16, 5]
