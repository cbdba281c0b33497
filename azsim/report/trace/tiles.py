"""Tiles at every stage of the processor: when each was fetched, decoded, multiplied, and what the lanes waited for.

::

    npu fetch    [tile 1    ][tile 2    ]            from its first request to its last byte
    npu decoder             [tile 1][waits][tile 2]
    npu lanes      [tile 0 ][waits for dram][tile 1]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from azsim.chip.pipeline import DECODED, FETCHED, FINISHED, MULTIPLIED, WRITTEN
from azsim.report.trace.jobs import Utterances, in_us, of_step
from azsim.report.trace.memory import MemoryWaits
from azsim.report.trace.tracks import Event, TraceSlice
from azsim.soc.memory.columns import T_BYTES, T_DECODE, T_DEPENDS, T_LANES, T_VECTOR, T_WEIGHT_FREES, T_WRITE
from azsim.soc.timeline import TileRecord

_STAGES = ((DECODED, T_DECODE, "decoder"), (FINISHED, T_VECTOR, "vector"), (WRITTEN, T_WRITE, "write"))
_SPLIT = ("lanes", "window", "imbalance", "queue")


def tile_events(record: TileRecord) -> int:
    """At most how many slices `tile_slices` gives for a job: the lanes have a tile and the wait before it."""
    work = record.work
    return int(np.count_nonzero(work[[T_BYTES, T_DECODE, T_LANES, T_LANES, T_VECTOR, T_WRITE]]))


def tile_slices(records: Sequence[TileRecord], utterances: Utterances, waits: MemoryWaits) -> list[TraceSlice]:
    """Slices of every tile at every stage that it takes time in."""
    return [one for record in records for one in _of_job(record, utterances, waits)]


def _of_job(record: TileRecord, utterances: Utterances, waits: MemoryWaits) -> Iterator[TraceSlice]:
    times, work = record.times.tolist(), record.work.tolist()
    split = (record.schedule.lane_split * record.clock.cycle_ticks).tolist()
    name, start, common = record.schedule.name, record.start_ps, of_step(record.step, utterances)
    per_ps = record.clock.ticks_per_ps

    def at(ticks: int) -> int:
        return start + -(-ticks // per_ps)

    rows = waits.fetch_rows(start, start + record.times_ps[FETCHED])
    for tile in range(len(record.schedule)):
        label = f"{name} tile {tile}"
        args: Event = {**common, "tile": tile}
        first, last = rows[tile], rows[tile + 1]
        waited: dict[str, float] = {}
        if first < last:
            waited = waits.by_client(waits.fetch_waits[first:last].sum(axis=0))
            more = {"bytes": work[T_BYTES][tile]} | ({"memory_wait_us": waited} if waited else {})
            asked = int(waits.fetch_request_ps[first])
            yield TraceSlice("npu fetch", label, asked, at(times[FETCHED][tile]), args | more)
        lanes = work[T_LANES][tile]
        if lanes:
            end = times[MULTIPLIED][tile]
            free = times[MULTIPLIED][tile - 1] if tile else 0
            if end - lanes > free:
                cause, parts = _cause(tile, free, end - lanes, times, work)
                shown = {part: in_us(ticks / per_ps) for part, ticks in parts.items() if ticks}
                more = {"cause": cause, "parts_us": shown} | ({"memory_wait_us": waited} if waited else {})
                yield TraceSlice("npu lanes", f"waits for {cause}", at(free), at(end - lanes), args | more)
            parts_us = {cause: in_us(part / per_ps) for cause, part in zip(_SPLIT, split[tile], strict=True) if part}
            yield TraceSlice("npu lanes", label, at(end - lanes), at(end), args | {"parts_us": parts_us})
        for stage, duration, track in _STAGES:
            if work[duration][tile]:
                end = times[stage][tile]
                yield TraceSlice(f"npu {track}", label, at(end - work[duration][tile]), at(end), args)


def _cause(
    tile: int, since: int, until: int, times: Sequence[Sequence[int]], work: Sequence[Sequence[int]]
) -> tuple[str, dict[str, int]]:
    """What the lanes waited for before a tile: the vector unit's result, or its decoding, and before that its fetch.

    All in ticks.
    """
    depends = work[T_DEPENDS][tile]
    if depends >= 0 and times[FINISHED][depends] == until > times[DECODED][tile]:
        return "vector", {"vector": until - since}
    began = until - work[T_DECODE][tile]
    decoder, rest = until - max(began, since), max(0, began - since)
    frees = work[T_WEIGHT_FREES][tile]
    before = "dram"
    if work[T_BYTES][tile] == 0 or times[FETCHED][tile] < began:
        before = "lanes" if frees >= 0 and times[MULTIPLIED][frees] == began else "decoder"
    parts = {"decoder": decoder, before: rest + (decoder if before == "decoder" else 0)}
    return max(parts, key=parts.__getitem__), parts
