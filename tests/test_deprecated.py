"""An old name answers for the new one, and says so."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from azsim.deprecated import renamed


@renamed("1.1", "1.2", colour="hue")
@dataclass(frozen=True, slots=True)
class Paint:
    hue: str


def test_the_old_name_warns_and_answers() -> None:
    with pytest.warns(DeprecationWarning, match=r"Paint.colour is Paint.hue since azsim 1.1, and goes with 1.2"):
        assert Paint("red").colour == "red"


def test_the_new_name_is_silent_and_shown() -> None:
    assert Paint("red").hue == "red"
    assert "colour" not in repr(Paint("red"))


def test_a_name_that_is_not_there_is_no_new_name() -> None:
    with pytest.raises(AttributeError, match=r"Paint\.shade"):
        renamed("1.1", "1.2", colour="shade")(Paint)
