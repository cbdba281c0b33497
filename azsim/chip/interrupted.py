"""A job of the processor taken apart where another one broke in: the tiles that ran, and what is left.

::

    tiles    0 1 2 3 | 4 5 6 ...        the pipeline drains after 3 and fills anew at 4
    matrix   A A A A | A A B            tables of A were overwritten: tile 4 fetches them again

The rule: tiles that have begun run to their end, results included; the next job starts with an empty pipeline. When the
interrupted one is taken up again it starts with an empty pipeline too (latency, first fetch and first decode are not
hidden), fetches the tables of a streamed matrix again if it stopped inside of it, and finds all earlier results in the
activation memory, which jobs do not share.

**Source:** `assumed`.
"""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from azsim.chip.schedule import TileSchedule
from azsim.devices.quantities import Preemption


def ends(schedule: TileSchedule, preemption: Preemption) -> np.ndarray:
    """Tile counts after which a job may be left, ascending, int64; the last is all of them.

    ``tile``: any. ``layer``: where the vector unit finishes something, the end of a layer (or of a frame of one).
    ``never``: the end alone. Before the first tile every policy but ``never`` lets go.
    """
    tiles = len(schedule)
    if preemption == "never":
        return np.array([tiles], np.int64)
    if preemption == "tile":
        return np.arange(tiles + 1, dtype=np.int64)
    return np.unique(np.concatenate([[0], np.flatnonzero(schedule.vector_cycles > 0) + 1, [tiles]])).astype(np.int64)


def begun_part(schedule: TileSchedule, count: int) -> TileSchedule:
    """The first ``count`` tiles as a job of their own."""
    return TileSchedule(schedule.name, **{name: getattr(schedule, name)[:count] for name in _columns()})


def rest(schedule: TileSchedule, count: int) -> TileSchedule:
    """What is left after ``count`` tiles, as a job of its own: tables fetched again, results there."""
    columns = {name: getattr(schedule, name)[count:] for name in _columns()}
    columns["fetch_bytes"] = columns["fetch_bytes"].copy()
    columns["fetch_bytes"][0] += schedule.resume_bytes[count]
    columns["depends_on"] = np.maximum(columns["depends_on"] - count, -1)
    return TileSchedule(schedule.name, **columns)


def _columns() -> list[str]:
    return [column.name for column in fields(TileSchedule) if column.name != "name"]
