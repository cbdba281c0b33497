"""Does the ranking of configurations survive if an assumed constant is half or double what the device file says?

::

    device ──each constant halved, doubled──> devices ──the same utterances played──> SensitivityPoint ──> ranking
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from azsim.compare.experiment import SensitivityChoice
from azsim.devices import Device
from azsim.devices.loader import scaled
from azsim.report.ranking import SensitivityPoint
from azsim.soc.timeline import Timeline

FACTORS = (0.5, 2.0)
_PS_PER_MS = _PJ_PER_MJ = 1e9


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


def sensitivity_points(
    device: Device,
    choice: SensitivityChoice,
    config: str,
    as_given: Sequence[Timeline],
    play: Callable[[Device], Sequence[Timeline]],
) -> tuple[SensitivityPoint, ...]:
    """One configuration on the device as it is, and with each constant scaled.

    Args:
        device: as its file says.
        choice: the constants.
        config: name of the configuration.
        as_given: its timelines on ``device``.
        play: the same utterances on another device.
    """
    points = [_point("as given", 1.0, config, as_given)]
    points += [_point(name, factor, config, play(changed)) for name, factor, changed in variants(device, choice)]
    return tuple(points)


def _point(constant: str, factor: float, config: str, timelines: Sequence[Timeline]) -> SensitivityPoint:
    waits_ps = [part.wait_ps for timeline in timelines if (part := timeline.latency)]
    above_idle_pj = [sum(line.energy_pj.values()) - sum(line.energy_idle_pj.values()) for line in timelines]
    return SensitivityPoint(
        constant=constant,
        factor=factor,
        config=config,
        wait_ms=float(np.median(waits_ps)) / _PS_PER_MS if waits_ps else None,
        energy_above_idle_mj=float(np.mean(above_idle_pj)) / _PJ_PER_MJ,
    )
