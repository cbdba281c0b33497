"""Worker processes for the independent parts of a comparison, owned by whoever opens the pool.

They see no interrupt: the pool ends them when it is closed, however that comes about, and they end by themselves if
this process is killed. They look for modules where this process does and never in the current folder, in which a file
may be named like a library; what they say of their work is said here.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, Pipe, wait
from types import TracebackType
from typing import Generic, TypeVar

from azsim.errors import WorkError
from azsim.interrupts import interrupts_held
from azsim.notices import Notice, tell

Setup = TypeVar("Setup")
Task = TypeVar("Task")
Answer = TypeVar("Answer")


class Pool(Generic[Setup, Task, Answer]):
    """``workers`` processes that each hold ``setup`` and do ``work(setup, task)``; 1: in this process, none started.

    ``work`` is a function of a module that can be imported, since the workers import it.
    """

    def __init__(self, work: Callable[[Setup, Task], Answer], setup: Setup, workers: int) -> None:
        self._work, self._setup, self._count = work, setup, workers
        self._workers: dict[Connection, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Pool[Setup, Task, Answer]:
        """Start the workers.

        Raises:
            WorkError: the system gives no more processes.
        """
        try:
            with interrupts_held():
                for _ in range(self._count if self._count > 1 else 0):
                    self._start()
            for channel in self._workers:
                channel.send((self._work, self._setup))
        except OSError as error:
            self.close()
            raise WorkError(f"--workers {self._count}: a worker cannot be started: {error.strerror}") from error
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the workers, now."""
        with interrupts_held():
            for process in self._workers.values():
                process.kill()
            for channel, process in self._workers.items():
                process.wait()
                channel.close()
            self._workers.clear()

    def answers(self, tasks: Sequence[Task]) -> Iterator[tuple[int, Answer]]:
        """Yield ``(index, work(setup, task))`` as the answers come.

        Raises:
            WorkError: a worker died, for want of memory for example.
        """
        waiting = enumerate(tasks)
        if not self._workers:
            for index, task in waiting:
                yield index, self._work(self._setup, task)
            return
        idle = list(self._workers)
        busy: dict[Connection, int] = {}
        try:
            while True:
                for channel, (index, task) in zip(idle, waiting):
                    channel.send(task)
                    busy[channel] = index
                if not busy:
                    return
                ready = [channel for channel in wait(list(busy)) if isinstance(channel, Connection)]
                idle = []
                for channel in ready:
                    answer = channel.recv()
                    if isinstance(answer, Notice):
                        tell(answer)
                        continue
                    if isinstance(answer, Exception):
                        raise answer
                    idle.append(channel)
                    yield busy.pop(channel), answer
        except (EOFError, ConnectionError) as error:
            raise WorkError("a worker process died (out of memory?); try --workers 1 or fewer --utterances") from error

    def _start(self) -> None:
        ours, theirs = Pipe()
        paths = os.pathsep.join(path for path in sys.path if path)  # where this process looks, the current folder not
        variables = {"OPENBLAS_NUM_THREADS": "1", **os.environ, "PYTHONPATH": paths}  # workers have a core each
        command = [sys.executable, "-P", "-m", "azsim.compare.worker", str(theirs.fileno())]
        with theirs:
            self._workers[ours] = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=variables
            )
