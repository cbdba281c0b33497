"""Worker processes: every answer arrives, in this process or in others."""

from __future__ import annotations

import os

import pytest

from azsim.compare.pool import spread_out
from azsim.errors import InputError, WorkError


def scaled(setup: int, task: int) -> int:
    return setup * task


def fails(setup: int, task: int) -> int:
    raise InputError("x.toml: key = 1: must be 2")


def dies(setup: int, task: int) -> int:
    os._exit(3)


@pytest.mark.parametrize("workers", [1, 2])
def test_every_task_is_answered_once_under_its_index(workers: int) -> None:
    assert dict(spread_out(10, scaled, [1, 2, 3], workers)) == {0: 10, 1: 20, 2: 30}


def test_an_error_of_a_worker_reaches_the_caller() -> None:
    with pytest.raises(InputError, match=r"x\.toml: key = 1"):
        list(spread_out(1, fails, [1], 2))


def test_a_worker_that_dies_is_explained() -> None:
    with pytest.raises(WorkError, match="a worker process died"):
        list(spread_out(1, dies, [1], 2))
