"""A device as a whole."""

from __future__ import annotations

import msgspec
import pytest

from azsim.devices.loader import load_device
from azsim.devices.spec import Device

AZ1 = load_device("az1")


def test_it_cannot_be_changed_and_equal_ones_are_one_key() -> None:
    with pytest.raises(AttributeError):
        setattr(AZ1, "name", "other")  # noqa: B010
    assert {AZ1, load_device("az1")} == {AZ1}
    assert msgspec.structs.replace(AZ1, local_processing=not AZ1.local_processing) != AZ1


def test_it_says_itself_in_full() -> None:
    said = msgspec.to_builtins(AZ1)
    assert msgspec.convert(said, Device) == AZ1


@pytest.mark.parametrize("name", ["a", "az1", "My_device-2.0", "x" * 61])
def test_names_that_make_files(name: str) -> None:
    assert msgspec.convert({**msgspec.to_builtins(AZ1), "name": name}, Device).name == name


@pytest.mark.parametrize("name", ["", ".az1", "-az1", "a/b", "a b", "az1\n", "x" * 62, "\u00e4"])
def test_names_that_do_not_are_refused(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**msgspec.to_builtins(AZ1), "name": name}, Device)


def test_tables_that_may_be_missing_have_sourced_defaults() -> None:
    said = msgspec.to_builtins(AZ1)
    for table in ("surroundings", "battery", "flash", "update", "npu_sharing", "local_processing"):
        said.pop(table, None)
    bare = msgspec.convert(said, Device)
    assert bare.surroundings is bare.battery is None
    assert bare.npu_sharing.preemption == "never"
    assert not bare.local_processing
