"""Rates by hand for az1, the binding stage, roofs, and numbers that JSON can hold."""

from __future__ import annotations

import json

import msgspec
import pytest

from azsim.devices.loader import load_device
from azsim.inspect.device import WeightFigures, inspect_device

HALF = WeightFigures.of(5, 0.5)


def test_the_map_is_left_out_where_it_costs_more_than_it_saves() -> None:
    assert WeightFigures(3.5, 0.5, 0.5) == HALF
    assert WeightFigures.of(8, 0.0) == WeightFigures(8.0, 1.0, 1.0)
    assert WeightFigures.of(4, 0.2) == WeightFigures(4.0, 0.8, 1.0)


def test_az1_s_stages_and_roofs() -> None:
    answer = inspect_device(load_device("az1"), HALF).answer
    rows = {(row["residency"], row["frames"]): row for row in answer["weights_per_cycle"]}
    assert len(rows) == 12
    assert [rows["streamed", n]["binding_stage"] for n in (1, 2, 4, 8)] == ["dram", "dram", "dram", "multipliers"]
    assert [rows["compressed", n]["binding_stage"] for n in (1, 2, 4)] == ["decoder", "decoder", "decoder"]
    assert [rows["decoded", n]["binding_stage"] for n in (1, 8)] == ["multipliers", "multipliers"]
    assert rows["streamed", 1]["dram"] == pytest.approx(8 * 8 / 3.5)
    assert rows["decoded", 1]["dram"] is None
    assert answer["roofs_gmacs"] == pytest.approx({"dram": 64 / 3.5 * 0.4, "decoder": 12.8, "mac": 25.6})


def test_battery_surroundings_and_privacy_are_shown_where_a_device_has_them() -> None:
    plain = inspect_device(load_device("az1"), HALF)
    assert (plain.answer["battery"], plain.answer["surroundings"], plain.lines) == (None, None, ())
    portable = load_device("portable")
    found = inspect_device(msgspec.structs.replace(portable, local_processing=True), HALF)
    assert found.answer["battery"] == msgspec.to_builtins(portable.battery)
    hours = portable.battery.capacity_mwh / portable.battery.listening_mw
    assert f"{hours:.0f} hours" in found.lines[0]
    assert found.lines[-1] == "local processing: sound never leaves the device"
    (noise,) = inspect_device(load_device("incar"), HALF).lines
    assert noise == "surroundings: road noise, speech 0 dB above it at the microphone"


@pytest.mark.parametrize("name", ["az1", "az2", "eie", "systolic-32"])
def test_every_kind_of_device_can_be_shown(name: str) -> None:
    found = inspect_device(load_device(name), HALF)
    json.dumps(found.answer, allow_nan=False)
    for table in found.tables:
        assert all(len(row) == len(table.headings) for row in table.rows), table.title
    assert sum(found.answer["area_mm2"].values()) > 0
