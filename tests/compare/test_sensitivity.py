"""Scaled devices: what is scaled, what is not, and what a device refuses."""

from __future__ import annotations

import pytest

from azsim.compare.experiment import SensitivityChoice
from azsim.compare.sensitivity import variants
from azsim.devices import load_device
from azsim.errors import InputError


def test_every_constant_is_halved_and_doubled() -> None:
    device = load_device("az1")
    choice = SensitivityChoice(
        utterances=1, constants={"clock": ("chip.clock_mhz",), "decoder": ("chip.decoder.values_per_cycle",)}
    )
    found = {(name, factor): scaled for name, factor, scaled in variants(device, choice)}
    assert found["clock", 0.5].chip.clock_mhz == 200
    assert found["clock", 2.0].chip.clock_mhz == 800
    assert found["decoder", 2.0].chip.decoder.values_per_cycle == 8
    assert found["decoder", 2.0].chip.clock_mhz == device.chip.clock_mhz


def test_constants_of_the_engine_that_a_device_lacks_are_left_out() -> None:
    constants = {"clock": ("chip.clock_mhz",), "multipliers": ("chip.lanes.lanes", "chip.sram.port_bytes_per_cycle")}
    choice = SensitivityChoice(utterances=1, constants=constants)
    assert {name for name, _, _ in variants(load_device("systolic-32"), choice)} == {"clock"}
    assert {name for name, _, _ in variants(load_device("az2"), choice)} == {"clock", "multipliers"}


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        (("chip.clok_mhz",), "chip.clok_mhz: no such key"),
        (("chip.lanes.skip",), "not a number"),
        (("chip.lanes.window_positions",), "must be at least"),
    ],
)
def test_what_cannot_be_scaled_is_refused(keys: tuple[str, ...], says: str) -> None:
    choice = SensitivityChoice(utterances=1, constants={"it": keys})
    device = load_device("az1")
    if keys == ("chip.lanes.window_positions",):
        choice = SensitivityChoice(utterances=1, constants={"it": ("chip.lanes.window_positions",) * 2})
    with pytest.raises(InputError, match=says):
        variants(device, choice)
