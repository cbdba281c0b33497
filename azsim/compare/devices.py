"""Comparisons of one experiment on several devices, set side by side: a row per device and configuration.

::

    az1:    int8 raw, 5-bit zvsv ─┐
    incar:  int8 raw, 5-bit zvsv ─┴──> az1: int8 raw, az1: 5-bit zvsv, incar: int8 raw, incar: 5-bit zvsv

Differences of word error rate stay within a device, since the surroundings of a device decide what it hears.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from azsim.compare.setup import Setup
from azsim.errors import InputError
from azsim.report.results import Comparison


def check_devices(setups: Sequence[Setup]) -> None:
    """Refuse devices that could not be told apart.

    Raises:
        InputError: two have the same name.
    """
    files: dict[str, str] = {}
    for setup in setups:
        name = setup.device.name
        if name in files:
            both = f"{files[name]} and {setup.device_file}" if files[name] != setup.device_file else setup.device_file
            raise InputError(f"--device: {both}: two devices named {name!r}; names must differ")
        files[name] = setup.device_file


def side_by_side(comparisons: Sequence[Comparison]) -> Comparison:
    """One comparison of all; of one alone, that one.

    Figures that belong to a single device (roofline) are left out; the timeline shown is the first device's.
    """
    if len(comparisons) == 1:
        return comparisons[0]
    first = comparisons[0]
    return replace(
        first,
        summary=" ".join(one.summary for one in comparisons),
        device=", ".join(one.device for one in comparisons),
        rows=tuple(replace(row, config=_named(one, row.config)) for one in comparisons for row in one.rows),
        production_rows=tuple(
            replace(row, config=_named(one, row.config)) for one in comparisons for row in one.production_rows
        ),
        utterances=tuple(
            replace(result, config=_named(one, result.config)) for one in comparisons for result in one.utterances
        ),
        traced=first.traced and replace(first.traced, config=_named(first, first.traced.config)),
        roofline=None,
        sensitivity=tuple(
            replace(point, config=_named(one, point.config)) for one in comparisons for point in one.sensitivity
        ),
        settings=_joined([(one.device, one.settings) for one in comparisons]),
        notes=tuple(dict.fromkeys(note for one in comparisons for note in one.notes)),
        manifest=_manifest(comparisons),
    )


def _named(comparison: Comparison, config: str) -> str:
    return f"{comparison.device}: {config}"


def _joined(settings: Sequence[tuple[str, Mapping[str, str]]]) -> dict[str, str]:
    """Key -> its value where all devices have the same, else each device's."""
    keys = dict.fromkeys(key for _, given in settings for key in given)
    joined = {}
    for key in keys:
        values = [(device, given[key]) for device, given in settings if key in given]
        alike = len({value for _, value in values}) == 1 and len(values) == len(settings)
        own = [value if key == "device" else f"{device}: {value}" for device, value in values]
        joined[key] = values[0][1] if alike else "; ".join(own)
    return joined


def _manifest(comparisons: Sequence[Comparison]) -> dict[str, object]:
    """The first one's, with every device's description and every input under the devices that differ in it."""
    first = dict(comparisons[0].manifest)
    configurations = [one.manifest["configuration"] for one in comparisons]
    inputs = [one.manifest["inputs"] for one in comparisons]
    devices = {one.device: each["device"] for one, each in zip(comparisons, configurations, strict=True)}
    first["configuration"] = {"experiment": configurations[0]["experiment"], "devices": devices}
    first["inputs"] = {
        (name if _alike(inputs, name) else f"{name} on {one.device}"): given[name]
        for one, given in zip(comparisons, inputs, strict=True)
        for name in given
    }
    return first


def _alike(inputs: Sequence[Mapping[str, object]], name: str) -> bool:
    return all(given.get(name) == inputs[0].get(name) for given in inputs)
