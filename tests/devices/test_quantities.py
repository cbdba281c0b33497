"""Ranges of the values in device files: their ends are in, what lies beyond is refused."""

from __future__ import annotations

from typing import Annotated, get_args, get_origin

import msgspec
import pytest

from azsim.devices import quantities

RANGES = {name: kind for name, kind in vars(quantities).items() if get_origin(kind) is Annotated}
CHOICES = ("SkipMode", "Residency", "Preemption", "Fidelity", "DramPart", "Dataflow")


@pytest.mark.parametrize("name", sorted(RANGES))
def test_the_ends_are_in_and_what_lies_beyond_is_not(name: str) -> None:
    kind = RANGES[name]
    base, meta = get_args(kind)
    assert meta.ge < meta.le
    for value in (meta.ge, meta.le):
        assert msgspec.convert(base(value), kind) == value
    step = 1 if base is int else 1e-9 * max(1.0, abs(meta.le))
    for value in (base(meta.ge - step), base(meta.le + step), float("inf"), "1", True, None):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(value, kind)


@pytest.mark.parametrize("name", CHOICES)
def test_choices_are_words_of_one_style(name: str) -> None:
    words = get_args(getattr(quantities, name))
    assert len(set(words)) == len(words) > 1
    assert all(word == word.lower() and " " not in word and "_" not in word for word in words)
