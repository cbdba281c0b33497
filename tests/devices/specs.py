"""Tables of device files, changed in one place."""

from __future__ import annotations

import msgspec
import pytest

from azsim.devices.loader import load_device
from azsim.devices.spec import Device

AZ1 = load_device("az1")


def changed(table: str, **values: object) -> msgspec.Struct:
    """A table of az1 with other values, converted as a file's is; raises `msgspec.ValidationError`."""
    spec = AZ1
    for part in table.split("."):
        spec = getattr(spec, part)
    return msgspec.convert({**msgspec.to_builtins(spec), **values}, type(spec))


def refused(table: str, key: str, *values: object) -> None:
    """Each value of a key is refused, and the message says where it stands."""
    for value in values:
        with pytest.raises(msgspec.ValidationError, match=rf"\$\.{key}|`{key}`"):
            changed(table, **{key: value})


def device() -> Device:
    """The device that the tables are taken from."""
    return AZ1
