"""One measured figure of the benchmark, and how often something runs in a given time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """What was measured.

    Attributes:
        section: of the report.
        what: one line.
        value: measured; None if it could not be (``note`` says why).
        unit: of the value and of the target.
        target: to be reached; None if there is none.
        at_most: the target is an upper limit, not a lower one.
        note: what a reader should know.
    """

    section: str
    what: str
    value: float | None
    unit: str
    target: float | None = None
    at_most: bool = False
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without one."""
        if self.target is None or self.value is None:
            return None
        return self.value <= self.target if self.at_most else self.value >= self.target


def least_seconds(action: Callable[[], object], repeats: int = 7) -> float:
    """Least seconds of several calls, wall-clock or CPU, whichever is less; one more call first compiles everything."""
    action()
    times = []
    for _ in range(repeats):
        begin, busy = time.perf_counter(), time.process_time()
        action()
        times.append(min(time.perf_counter() - begin, time.process_time() - busy))
    return min(times)
