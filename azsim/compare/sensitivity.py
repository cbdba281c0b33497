"""Does the ranking of configurations survive if an assumed constant is half or double what the device file says?"""

from __future__ import annotations

from azsim.compare.experiment import SensitivityChoice
from azsim.devices import Device
from azsim.devices.loader import scaled

FACTORS = (0.5, 2.0)


def variants(device: Device, choice: SensitivityChoice) -> list[tuple[str, float, Device]]:
    """(name of the constant, factor, device with it scaled), every constant halved and doubled.

    Raises:
        InputError: a key does not exist, or the scaled value does not fit the device.
    """
    found = []
    for name, keys in choice.constants.items():
        for factor in FACTORS:
            found.append((name, factor, scaled(device, keys, factor)))
    return found
