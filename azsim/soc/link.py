"""The link over time: up or down, how fast, how far away; read from a CSV file, or made (`azsim.soc.link_models`).

::

    time_s,uplink_mbps,downlink_mbps,rtt_ms
    0.000,,,                  as the device file says
    42.500,0,0,               no link
    61.250,1.5,4,120          a slow one; this last state lasts for ever, so it must be a link
"""

from __future__ import annotations

import csv
import io
import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from azsim.errors import InputError
from azsim.output_file import write_output_file
from azsim.soc.environment import NEVER

COLUMNS = ("time_s", "uplink_mbps", "downlink_mbps", "rtt_ms")
PS_PER_S = 10**12
LONGEST_S = 10**6

Outage = tuple[int, int]
"""Start and end of a time without a link, picoseconds."""


@dataclass(frozen=True, slots=True)
class LinkState:
    """What the link gives; None stands for what the device file says, a rate of 0 for no link."""

    uplink_mbps: float | None = None
    downlink_mbps: float | None = None
    rtt_ms: float | None = None

    @property
    def up(self) -> bool:
        """There is a link."""
        return self.uplink_mbps != 0


DOWN = LinkState(uplink_mbps=0.0, downlink_mbps=0.0)


@dataclass(frozen=True, slots=True)
class LinkTrace:
    """States one after another; the first also holds before its start, the last for ever.

    Attributes:
        starts_ps: when each state begins, increasing.
        states: no two neighbours are equal, and the last one is a link.

    Raises:
        ValueError: there is no state, they are not in order, or the last one is no link.
    """

    starts_ps: tuple[int, ...]
    states: tuple[LinkState, ...]

    def __post_init__(self) -> None:
        """Check, and join equal neighbours."""
        if not self.states or len(self.states) != len(self.starts_ps):
            raise ValueError(f"{len(self.states)} states for {len(self.starts_ps)} starts: one each, and at least one")
        if any(later <= earlier for earlier, later in zip(self.starts_ps, self.starts_ps[1:])):
            raise ValueError("starts_ps must increase")
        if not self.states[-1].up:
            raise ValueError("the last state lasts for ever: it must be a link")
        kept = [i for i, state in enumerate(self.states) if not i or state != self.states[i - 1]]
        object.__setattr__(self, "starts_ps", tuple(self.starts_ps[i] for i in kept))
        object.__setattr__(self, "states", tuple(self.states[i] for i in kept))

    @classmethod
    def with_outages(cls, outages: Sequence[Outage]) -> LinkTrace:
        """The device's own link but for some outages, in order and apart."""
        starts, states = [0], [LinkState()]
        for begin_ps, end_ps in outages:
            if starts[-1] == begin_ps:
                starts, states = starts[:-1], states[:-1]
            starts += [begin_ps, end_ps]
            states += [DOWN, LinkState()]
        return cls(tuple(starts), tuple(states))

    @property
    def length_ps(self) -> int:
        """When the last state begins."""
        return self.starts_ps[-1]

    def at(self, time_ps: int) -> LinkState:
        """The state then."""
        return self.states[self._index(time_ps)]

    def from_then(self, time_ps: int) -> tuple[LinkState, int]:
        """The state then and when it ends, `NEVER` for the last one."""
        index = self._index(time_ps)
        return self.states[index], self.starts_ps[index + 1] if index + 1 < len(self.starts_ps) else NEVER

    def down_since_ps(self, time_ps: int) -> int:
        """When the outage of that time began."""
        return self.starts_ps[self._index(time_ps)]

    def up_share(self, until_ps: int) -> float:
        """Share of the time from 0 to ``until_ps`` with a link."""
        edges = [min(max(start, 0), until_ps) for start in self.starts_ps[1:]] + [until_ps]
        begins = [0, *edges[:-1]]
        up_ps = sum(end - begin for begin, end, state in zip(begins, edges, self.states, strict=True) if state.up)
        return up_ps / until_ps

    def from_time(self, time_ps: int) -> LinkTrace:
        """The same link as a device sees it whose time 0 is ``time_ps``; starts may then be negative."""
        first = self._index(time_ps)
        return LinkTrace(tuple(start - time_ps for start in self.starts_ps[first:]), self.states[first:])

    def _index(self, time_ps: int) -> int:
        return bisect_right(self.starts_ps, time_ps, 1) - 1


ALWAYS_UP = LinkTrace((0,), (LinkState(),))
"""The device's own link, all the time."""


def read_link(path: Path) -> LinkTrace:
    """The trace in a CSV file of the columns ``time_s``, ``uplink_mbps``, ``downlink_mbps``, ``rtt_ms``.

    Raises:
        InputError: unreadable, another header, a field that is no such number, times that do not increase from 0, one
            rate 0 and the other not, or no link at the end.
    """
    try:
        with open(path, newline="", encoding="utf-8") as stream:
            lines = list(csv.reader(stream, strict=True))
    except OSError as error:
        raise InputError(f"{path}: cannot be read as a link trace: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a CSV file in UTF-8: {error}") from None
    if not lines or tuple(lines[0]) != COLUMNS:
        found = ",".join(lines[0]) if lines else "nothing"
        raise InputError(f"{path}: line 1: {found!r}: the header must be {','.join(COLUMNS)}")
    starts, states = [], []
    for number, fields in enumerate(lines[1:], start=2):
        where = f"{path}: line {number}"
        if len(fields) != len(COLUMNS):
            raise InputError(f"{where}: {len(fields)} fields: must have {len(COLUMNS)}, empty where the device decides")
        time_s = _number(where, "time_s", fields[0], LONGEST_S)
        rates = [_number(where, *pair, 1e6) if pair[1] else None for pair in zip(COLUMNS[1:3], fields[1:3])]
        rtt_ms = _number(where, "rtt_ms", fields[3], 1e6) if fields[3] else None
        if rates.count(0.0) == 1:
            raise InputError(f"{where}: without a link both uplink_mbps and downlink_mbps must be 0")
        if rtt_ms == 0:
            raise InputError(f"{where}: rtt_ms = {fields[3]}: must be above 0, or empty for the device's own")
        start_ps = round(time_s * PS_PER_S)
        if start_ps <= starts[-1] if starts else start_ps != 0:
            right = f"be after {starts[-1] / PS_PER_S:g}" if starts else "begin with 0"
            raise InputError(f"{where}: time_s = {fields[0]}: must {right}")
        starts.append(start_ps)
        states.append(LinkState(*rates, rtt_ms))
    if not states or not states[-1].up:
        raise InputError(f"{path}: line {len(lines)}: the last state lasts for ever: it must be a link")
    return LinkTrace(tuple(starts), tuple(states))


def write_link(trace: LinkTrace, path: Path) -> None:
    """Write a trace whose times are whole milliseconds; `read_link` gives the same one back."""
    lines = io.StringIO()
    table = csv.writer(lines, lineterminator="\n")
    table.writerow(COLUMNS)
    for start_ps, state in zip(trace.starts_ps, trace.states, strict=True):
        numbers = (state.uplink_mbps, state.downlink_mbps, state.rtt_ms)
        fields = ["" if number is None else f"{number:g}" for number in numbers]
        table.writerow([f"{start_ps / PS_PER_S:.3f}", *fields])
    write_output_file(path, [lines.getvalue().encode()])


def _number(where: str, column: str, text: str, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= most:
        raise InputError(f"{where}: {column} = {text!r}: must be a number from 0 to {most:g}")
    return value
