"""Every key of a device file is documented, with the unit that its name states, and the page is up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

import azsim
from azsim.arbitration import policy_class, policy_names
from azsim.devices.keys import keys, meanings, page, unit_of
from azsim.devices.spec import Device

PAGE = Path(azsim.__file__).parent.parent / "docs" / "device-keys.md"
KEYS = keys()


def test_every_key_says_what_it_means() -> None:
    assert [key.name for key in KEYS if len(key.meaning) < 8] == []
    assert len({key.name for key in KEYS}) == len(KEYS) > 140
    names = {key.name for key in KEYS}
    assert {
        "chip.clock_mhz",
        "chip.lanes.window_positions",
        "cpu.idle_states[].exit_us",
        "network.retry.first_ms",
    } <= names
    assert {"chip.systolic.rows", "battery.capacity_mwh", "local_processing", "flash.sync_ms"} <= names


def test_no_docstring_explains_a_key_that_there_is_not() -> None:
    found = {name for key in KEYS for name in key.name.replace("[]", "").split(".")}
    assert set(meanings(Device)) <= found | {"chip"}


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("chip.clock_mhz", "MHz"), ("memory.read_pj_per_bit", "pJ per bit"),
        ("chip.port.bytes_per_cycle", "bytes per cycle"), ("chip.decoder.values_per_cycle", "per cycle"),
        ("flash.read_mb_per_s", "MB/s"), ("network.tx_mw_per_mbps", "mW per Mb/s"), ("memory.capacity_mib", "MiB"),
        ("chip.lanes.skip", ""), ("chip.sram.bytes", "bytes"), ("surroundings.snr_db", "dB"),
    ],
)  # fmt: skip
def test_a_key_s_name_states_its_unit(name: str, unit: str) -> None:
    assert unit_of(name) == unit


def test_ranges_defaults_and_examples_are_those_of_the_structures() -> None:
    by_name = {key.name: key for key in KEYS}
    assert by_name["chip.lanes.lanes"].allowed == "a whole number from 1 to 65535"
    assert (by_name["chip.lanes.lanes"].default, by_name["chip.lanes.lanes"].example) == (None, "32")
    assert (by_name["chip.sram.ports"].default, by_name["battery.capacity_mwh"].example) == ("1", None)
    assert by_name["local_processing"].default == "false"


def test_every_option_of_a_policy_is_on_the_page() -> None:
    for name in policy_names():
        for field in policy_class(name).__struct_fields__:
            assert f"| `{field}" in page(), name


@pytest.mark.skipif(not PAGE.exists(), reason="the documents travel with the source, not with the wheel")
def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m azsim.devices.keys > docs/device-keys.md"
