"""A worker, forked: answers, errors, and its end with the other side."""

from __future__ import annotations

import os
import time
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import pytest

from azsim.compare.worker import serve

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the worker is a fork")


def add(setup: int, task: int) -> int:
    if task < 0:
        raise ValueError(f"{task} is negative")
    return setup + task


def sleep(setup: int, task: int) -> None:
    time.sleep(setup)


def forked(work: object, setup: int) -> tuple[Connection, int]:
    """The pool's side of the channel, and the worker's process."""
    ours, theirs = Pipe()
    child = os.fork()
    if child == 0:
        ours.close()
        os.close(2)  # what it says of its end
        serve(theirs)
    theirs.close()
    ours.send((work, setup))
    return ours, child


def exit_status(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_tasks_are_answered_in_their_order_and_an_error_is_one_of_the_answers() -> None:
    channel, child = forked(add, 100)
    for task in (1, 2, -3, 4):
        channel.send(task)
    assert [channel.recv() for _ in range(2)] == [101, 102]
    error = channel.recv()
    assert isinstance(error, ValueError)
    assert str(error) == "-3 is negative"
    assert "Traceback" in error.__notes__[0]
    assert 'raise ValueError(f"{task} is negative")' in error.__notes__[0]
    assert channel.recv() == 104
    channel.close()
    assert exit_status(child) == 1


def test_it_ends_with_the_other_side_whatever_it_is_doing() -> None:
    channel, child = forked(sleep, 600)
    channel.send(0)
    channel.close()
    assert exit_status(child) == 1


def test_what_it_cannot_read_ends_it() -> None:
    channel, child = forked(add, 0)
    channel.send_bytes(b"no pickle")
    assert exit_status(child) == 1
    channel.close()
