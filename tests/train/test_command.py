"""How a training command ends."""

from __future__ import annotations

import argparse

import pytest

from azsim.errors import InputError
from azsim.train.command import exit_status, whole


@pytest.mark.parametrize("text", ["2", "64", " 7 "])
def test_whole_numbers_in_range_are_taken(text: str):
    assert whole(2, 64)(text) == int(text)


@pytest.mark.parametrize("text", ["1", "65", "-3", "2.0", "", "nan", "two"])
def test_what_is_no_whole_number_in_range_is_refused(text: str):
    with pytest.raises(argparse.ArgumentTypeError, match=f"^{text}: must be a whole number from 2 to 64$"):
        whole(2, 64)(text)


def test_done_is_zero():
    assert exit_status(lambda: None) == 0


def test_an_error_is_one_line_and_its_status(capsys):
    def work() -> None:
        raise InputError("corpus: empty")

    assert exit_status(work) == 2
    assert capsys.readouterr().err == "error: corpus: empty\n"


def test_an_interrupt_says_how_to_go_on(capsys):
    def work() -> None:
        raise KeyboardInterrupt

    assert exit_status(work) == 1
    assert "--out" in capsys.readouterr().err
