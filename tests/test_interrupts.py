"""Interrupts: heard once, held back, too late, and never lost in a callback."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from azsim.interrupts import INTERRUPTED, ignore_interrupts, interrupts_heard, interrupts_held

pytestmark = pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="needs POSIX signals")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_every_signal_is_a_keyboard_interrupt_and_handlers_come_back(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), interrupts_heard():
        signal.raise_signal(number)
    assert signal.getsignal(number) == before


def pressed_twice(done: list[str]) -> None:
    with interrupts_heard():
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(signal.SIGINT)
            done.append("tidied up")


def test_a_second_press_does_not_disturb_the_tidying_up() -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        pressed_twice(done)
    assert done == ["tidied up"]


def held(done: list[str]) -> None:
    with interrupts_heard():
        with interrupts_held():
            signal.raise_signal(signal.SIGTERM)
            done.append("within")
        done.append("never")


def test_a_held_interrupt_comes_afterwards() -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        held(done)
    assert done == ["within"]


def test_after_the_report_it_comes_too_late() -> None:
    with interrupts_heard():
        ignore_interrupts()
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


class Finalised:
    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


def interrupted_in_a_finaliser() -> None:
    with interrupts_heard():
        Finalised()
        time.sleep(60)


def test_what_a_finaliser_drops_is_heard_again(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupted_in_a_finaliser()
    assert capfd.readouterr().err == ""


def test_inside_an_import_it_ends_the_process_with_one_line() -> None:
    code = """
import signal
from azsim.interrupts import interrupts_end_all
with interrupts_end_all():
    try:
        signal.raise_signal(signal.SIGINT)
    except BaseException:
        pass
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", f"azsim: {INTERRUPTED}\n")


def test_once_the_command_line_is_done_it_comes_too_late() -> None:
    code = """
import signal, sys
from azsim.__main__ import main
sys.argv = ["azsim", "inspect", "az9"]
status = main()
signal.raise_signal(signal.SIGINT)
print(status)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (0, "2\n")
    assert ended.stderr.startswith("azsim: ")
    assert len(ended.stderr.splitlines()) == 1
