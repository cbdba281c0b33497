"""Who asks the ports of the on-chip memory for how much; refused or stalled."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from azsim.devices.loader import check, load_device
from azsim.devices.ports import port_demand
from azsim.devices.spec import Device
from azsim.errors import InputError

AZ1 = load_device("az1")


def with_sram(**changes: int | str) -> Device:
    sram = msgspec.structs.replace(AZ1.chip.sram, **changes)
    return msgspec.structs.replace(AZ1, chip=msgspec.structs.replace(AZ1.chip, sram=sram))


@pytest.mark.parametrize(("ports", "decodes", "asked"), [(1, True, 160), (1, False, 128), (2, True, 128)])
def test_reads_and_writes_share_one_port_or_have_their_own(ports: int, decodes: bool, asked: int) -> None:
    assert port_demand(with_sram(ports=ports).chip, decodes) == asked


def test_a_systolic_array_asks_for_one_edge() -> None:
    chip = load_device("systolic-32").chip
    assert port_demand(chip, decodes=False) == chip.weight_reads_per_cycle


def test_too_narrow_a_port_is_refused_unless_it_may_stall() -> None:
    with pytest.raises(InputError, match=r"mine: chip\.sram\.port_bytes_per_cycle = 159: .* need 160 bytes .*stall"):
        check(with_sram(port_bytes_per_cycle=159), Path("mine"))
    check(with_sram(port_bytes_per_cycle=159, on_conflict="stall"), Path("mine"))
    check(with_sram(port_bytes_per_cycle=128, ports=2), Path("mine"))
