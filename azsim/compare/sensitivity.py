"""Does the ranking of configurations survive if an assumed constant is half or double what the device file says?"""

from __future__ import annotations

from azsim.compare.experiment import SensitivityChoice
from azsim.devices import Device
from azsim.devices.loader import scaled

FACTORS = (0.5, 2.0)


def variants(device: Device, choice: SensitivityChoice) -> list[tuple[str, float, Device]]:
    """(name of the constant, factor, device with it scaled), every constant halved and doubled.

    A constant of the compute engine that this device does not have (lanes or a systolic array) is left out.

    Raises:
        InputError: a key does not exist, or the scaled value does not fit the device.
    """
    missing = "chip.systolic." if device.chip.systolic is None else "chip.lanes."
    found = []
    for name, keys in choice.constants.items():
        if not any(key.startswith(missing) for key in keys):
            found += [(name, factor, scaled(device, keys, factor)) for factor in FACTORS]
    return found
