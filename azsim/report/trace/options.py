"""What of a run the trace file shows, and how large it may get."""

from __future__ import annotations

import math
from dataclasses import dataclass

from azsim.errors import InputError
from azsim.soc.trace import FIRST_MINUTE_PS, Window

PS_PER_MS = 10**9
LATEST_MS = 10**9
EVENTS = 20_000
MOST_EVENTS = 2_000_000
LEAST_EVENTS = 1000


@dataclass(frozen=True, slots=True)
class TraceOptions:
    """What of a run the trace file shows.

    Attributes:
        window_ps: from when to when; None: the whole run, details for the first minute.
        every: tiles and flows of one step in so many.
        events: most events in the file; tiles of fewer steps are shown, then neighbours joined, until they fit.
    """

    window_ps: Window | None = None
    every: int = 1
    events: int = EVENTS

    @property
    def detail_ps(self) -> Window:
        """From when to when the run has to keep tiles and single grants."""
        return self.window_ps or FIRST_MINUTE_PS


def parse_window(text: str, where: str) -> Window:
    """``FROM:TO`` in milliseconds, as picoseconds.

    Raises:
        InputError: it is not two numbers, the first at least 0 and below the second; ``where`` says who gave it.
    """
    start, colon, end = text.partition(":")
    try:
        start_ms, end_ms = float(start), float(end)
    except ValueError:
        start_ms = end_ms = math.nan
    if not (colon and 0 <= start_ms < end_ms <= LATEST_MS):
        raise InputError(f"{where} {text}: must be FROM:TO in milliseconds, such as 1200:1500")
    return round(start_ms * PS_PER_MS), round(end_ms * PS_PER_MS)


def check_events(events: int, where: str) -> None:
    """Refuse a limit that leaves no room for the jobs, or a file that no viewer opens.

    Raises:
        InputError: it is out of range; ``where`` says who gave it.
    """
    if not LEAST_EVENTS <= events <= MOST_EVENTS:
        raise InputError(f"{where} {events}: must be {LEAST_EVENTS} to {MOST_EVENTS}")
