"""Area: counts times constants, against a hand computation and against the one chip whose paper gives its area."""

from __future__ import annotations

import msgspec
import pytest

from azsim.chip.area import area, total_mm2
from azsim.devices.chip_spec import SystolicSpec
from azsim.devices.loader import load_device
from azsim.devices.spec import Device

AZ1 = load_device("az1")


def parts_of(device: Device) -> dict[str, float]:
    return {part.part: part.area_mm2 for part in area(device)}


def test_az1_by_hand() -> None:
    parts = parts_of(AZ1)
    assert parts["on-chip memory"] == pytest.approx(8 * 1024 * 1024 * 0.44767 * 1e-6, rel=1e-4)
    assert parts["multipliers"] == pytest.approx(64 * 282e-6)
    assert parts["accumulators"] == pytest.approx(64 * (137 + 32 * 5.98) * 1e-6)
    assert parts["windows and zero skipping"] == pytest.approx((32 * 4 * 8 * 5.98 + 64 * 189) * 1e-6)
    assert parts["activation queues"] == pytest.approx(32 * 2 * 16 * 8 * 5.98e-6)
    registers = (2 * 64 + 8 * 8) * 5.98
    assert parts["decoder"] == pytest.approx(4 * (registers + 8 * 36 + 4 * 2048 * 1.15564) * 1e-6, rel=1e-4)
    element = 4 * 282 + 137 + 64 * 5.98
    assert parts["vector unit"] == pytest.approx((16 * element + 5 * 2 * 1025 * 16 * 1.15564) * 1e-6, rel=1e-4)
    rest = sum(value for name, value in parts.items() if name != "filler")
    assert parts["filler"] == pytest.approx(0.0376 * (rest + parts["filler"]))
    assert total_mm2(area(AZ1)) == pytest.approx(rest + parts["filler"])


def test_eie_is_as_large_as_its_paper_says() -> None:
    eie = load_device("eie").chip
    without_tables = msgspec.structs.replace(eie.vector, functions=("multiply-add",))  # ReLU needs no table
    parts = area(msgspec.structs.replace(eie, vector=without_tables))
    total = total_mm2(parts)
    assert total == pytest.approx(40.8, rel=0.03)
    assert parts[0].area_mm2 / total == pytest.approx(0.932, abs=0.03)  # Table II: memory 93.22 %


def test_cells_replace_lanes_and_grow_with_the_array() -> None:
    device = load_device("systolic-32")
    parts = parts_of(device)
    assert "multipliers" not in parts
    assert parts["systolic cells"] == pytest.approx(1024 * (282 + 137 + 48 * 5.98) * 1e-6)
    wider = msgspec.structs.replace(device.chip, systolic=SystolicSpec(32, 64, "weight-stationary"))
    assert {part.part: part.area_mm2 for part in area(wider)}["systolic cells"] == 2 * parts["systolic cells"]


def test_what_does_not_skip_needs_no_detectors() -> None:
    dense = msgspec.structs.replace(AZ1.chip, lanes=msgspec.structs.replace(AZ1.chip.lanes, skip="none"))
    saved = (
        parts_of(AZ1)["windows and zero skipping"]
        - {p.part: p.area_mm2 for p in area(dense)}["windows and zero skipping"]
    )
    assert saved == pytest.approx(64 * 189e-6)


def test_two_products_per_multiplier_need_two_sums() -> None:
    halved = msgspec.structs.replace(AZ1.chip, lanes=msgspec.structs.replace(AZ1.chip.lanes, subword=True))
    parts = {part.part: part.area_mm2 for part in area(halved)}
    assert parts["accumulators"] == 2 * parts_of(AZ1)["accumulators"]
    assert parts["multipliers"] == parts_of(AZ1)["multipliers"]


@pytest.mark.parametrize("name", ["az1", "az2", "eie", "systolic-32", "ethos-u65-like"])
def test_every_part_has_an_area_and_a_source(name: str) -> None:
    for part in area(load_device(name)):
        assert part.area_mm2 > 0, part
        assert part.source, part
