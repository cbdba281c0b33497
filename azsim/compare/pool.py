"""Worker processes for the independent parts of a comparison; an interrupt ends them quietly."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

from azsim.errors import WorkError

Setup = TypeVar("Setup")
Task = TypeVar("Task")
Answer = TypeVar("Answer")

_setup: list[object] = []


def _begin(setup: object) -> None:
    """In a worker: keep the shared setup."""
    _setup.append(setup)


def _call(work: Callable[[Setup, Task], Answer], task: Task) -> Answer:
    return work(_setup[0], task)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold interrupts back; processes started meanwhile never see one, this one gets it afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def spread_out(
    setup: Setup, work: Callable[[Setup, Task], Answer], tasks: Iterable[Task], workers: int
) -> Iterator[tuple[int, Answer]]:
    """Yield ``(index, work(setup, task))`` as the answers come, by ``workers`` processes (1: in this one).

    Raises:
        WorkError: a worker died, for want of memory for example.
    """
    tasks = list(tasks)
    if workers == 1:
        for index, task in enumerate(tasks):
            yield index, work(setup, task)
        return
    executor = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(setup,))
    try:
        with _interrupts_held():
            pending = {executor.submit(_call, work, task): index for index, task in enumerate(tasks)}
        while pending:
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield pending.pop(future), future.result()
    except BrokenProcessPool:
        raise WorkError("a worker process died (out of memory?); try --workers 1 or fewer --utterances") from None
    except BaseException:
        for process in list((executor._processes or {}).values()):
            process.kill()
        executor.shutdown(wait=False, cancel_futures=True)
        raise
    executor.shutdown()
