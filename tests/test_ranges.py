"""Ranges that files of all kinds share: their ends are in, what lies beyond is refused."""

from __future__ import annotations

from typing import Annotated, get_args, get_origin

import msgspec
import pytest

from azsim import ranges
from azsim.compare import experiment
from azsim.devices import quantities

RANGES = {
    name: kind
    for name, kind in vars(ranges).items()
    if get_origin(kind) is Annotated and get_args(kind)[0] in (int, float)
}
ENDS = {
    "SmallCount": (1, 65_535),
    "NonNegative": (0.0, 1e9),
    "Share": (0.0, 1.0),
    "Zeros": (0.0, 1 - 1e-9),
    "Bits": (1, 8),
}


@pytest.mark.parametrize("name", sorted(RANGES))
def test_the_ends_are_in_and_what_lies_beyond_is_not(name: str) -> None:
    kind, ends = RANGES[name], ENDS[name]
    for value in ends:
        assert msgspec.convert(value, kind) == value
    step = 1 if isinstance(ends[0], int) else 1e-8 * max(1.0, ends[1])
    for value in (ends[0] - step, ends[1] + step, float("inf"), "1", None):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(value, kind)


def test_each_is_written_once_and_a_name_stands_for_one() -> None:
    recipe = pytest.importorskip("azsim.train.recipe")
    taken = dict(RANGES)
    for module in (quantities, experiment, recipe):
        own = {name: kind for name, kind in vars(module).items() if get_origin(kind) is Annotated}
        for name, kind in own.items():
            assert taken.setdefault(name, kind) == kind, f"{module.__name__}: {name}"
            assert name in RANGES or kind not in RANGES.values(), f"{module.__name__}: {name}"
