"""How a training command ends."""

from __future__ import annotations

from azsim.errors import InputError
from azsim.train.command import exit_status


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
