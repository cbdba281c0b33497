"""Codecs by name."""

from __future__ import annotations

import pytest

from azsim.compress.codecs import codecs, get, register
from azsim.compress.codecs.raw import Raw
from azsim.errors import InputError


def test_names() -> None:
    assert {"raw", "packed", "bitmap", "palette", "zvsv"} <= set(codecs())
    assert all(get(name).name == name for name in codecs())


def test_numbers_are_never_shared() -> None:
    assert len({get(name).number for name in codecs()}) == len(codecs())


def test_an_unknown_name_gets_the_nearest_spelling() -> None:
    with pytest.raises(InputError, match="did you mean 'palette'"):
        get("pallette")


def test_a_taken_name_is_refused() -> None:
    with pytest.raises(InputError, match="taken by 'raw'"):
        register(Raw())
