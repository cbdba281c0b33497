"""Slices of whole jobs, each with its utterance, step and stage, what it waited for before it began, and why it took so
long; and the utterance itself, from the first sample to the final words.

::

    asked for ──queued_us, behind whom──> [ job: causes_us of the processor | memory_wait_us, by who was served ]
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

from azsim.chip.attribution import CAUSES, walk
from azsim.report.trace.memory import MemoryWaits
from azsim.report.trace.tracks import PS_PER_NS, Event, TraceSlice
from azsim.soc.memory.columns import T_BYTES, T_DECODE, T_DEPENDS, T_FETCH_FREES, T_WEIGHT_FREES
from azsim.soc.timeline import Span, TileRecord, Timeline

PS_PER_US = 10**6
WORDS_PS = 10**9
"""How long the mark of words is drawn."""

Utterances = Sequence[tuple[str, int, int]]
"""Name, number of the first step, and start in picoseconds of each utterance, in order."""


def job_slices(timeline: Timeline, utterances: Utterances, waits: MemoryWaits) -> list[TraceSlice]:
    """Everything but the memory's spans, which have tracks of their own."""
    records = {record.start_ps: record for record in timeline.tiles}
    engines = {prefix: _Engine(timeline.spans, prefix) for prefix in ("npu", "cpu")}
    slices = []
    for span in timeline.spans:
        if span.track != "dram":
            args = _args(span, utterances, waits, records)
            if 0 <= span.asked_ps < span.start_ps:
                args["queued_behind_us"] = engines[span.track[:3]].ran(span.asked_ps, span.start_ps)
            slices.append(TraceSlice(span.track, span.name, span.start_ps, span.end_ps, args))
    return slices


class _Engine:
    """The jobs of the processor, or of all cores, to say which ones ran in a stretch of time."""

    def __init__(self, spans: Sequence[Span], prefix: str) -> None:
        self._spans = sorted((span for span in spans if span.track.startswith(prefix)), key=lambda span: span.start_ps)
        self._starts = [span.start_ps for span in self._spans]
        self._longest_ps = max((span.end_ps - span.start_ps for span in self._spans), default=0)

    def ran(self, since_ps: int, until_ps: int) -> dict[str, float]:
        """Name -> microseconds for which jobs of that name ran, summed over the cores."""
        ran: dict[str, int] = {}
        first = bisect_left(self._starts, since_ps - self._longest_ps)
        for span in self._spans[first : bisect_left(self._starts, until_ps)]:
            overlap_ps = min(span.end_ps, until_ps) - max(span.start_ps, since_ps)
            if overlap_ps > 0:
                ran[span.name] = ran.get(span.name, 0) + overlap_ps
        return {name: in_us(time_ps) for name, time_ps in ran.items()}


def of_step(step: int, utterances: Utterances) -> Event:
    """Utterance and step, as the utterance counts it."""
    found = next((one for one in reversed(utterances) if one[1] <= step), None)
    if step < 0 or found is None:
        return {}
    return {"utterance": found[0], "step": step - found[1]}


def in_us(time_ps: float) -> float:
    """Whole nanoseconds, in microseconds."""
    return round(time_ps / PS_PER_NS) / 1000


def _args(span: Span, utterances: Utterances, waits: MemoryWaits, records: dict[int, TileRecord]) -> Event:
    args = of_step(span.step, utterances)
    if args:
        args["stage"] = span.name.partition(".")[0]
    if span.asked_ps >= 0:
        args["queued_us"] = in_us(span.start_ps - span.asked_ps)
    record = records.get(span.start_ps) if span.track == "npu" else None
    if record is not None:
        args["tiles"] = len(record.schedule)
        args["causes_us"] = causes_us(record)
        waited = waits.of_processor(span.start_ps, span.end_ps)
    else:
        waited = waits.of_request(span.request)
    if waited:
        args["memory_wait_us"] = waited
    return args


def causes_us(record: TileRecord) -> dict[str, float]:
    """Cause -> time on the critical path of a job; they add up to its time."""
    causes = np.zeros(len(CAUSES), np.int64)
    schedule, work = record.schedule, record.work
    walk(
        record.times,
        work[T_BYTES] > 0,
        work[T_DECODE] > 0,
        work[T_FETCH_FREES],
        work[T_WEIGHT_FREES],
        work[T_DEPENDS],
        np.int64(record.latency_cycles * record.clock.cycle_ticks),
        schedule.lane_split * record.clock.cycle_ticks,
        causes,
    )
    per_ps = record.clock.ticks_per_ps
    return {cause: in_us(ticks / per_ps) for cause, ticks in zip(CAUSES, causes.tolist(), strict=True) if ticks}


def utterance_slices(timeline: Timeline, utterances: Utterances, text: str) -> list[TraceSlice]:
    """Per utterance, what the user sees: speaking, end-pointing, the wait for the words; and marks for the words."""
    by_name: dict[str, list[int]] = {}
    for instant in timeline.instants:
        by_name.setdefault(instant.name, []).append(instant.time_ps)
    told = zip(
        utterances,
        by_name.get("true end of speech", []),
        by_name.get("end-point", []),
        by_name.get("final words", []),
        strict=False,
    )
    slices: list[TraceSlice] = []
    for (name, _, start_ps), spoken_ps, endpoint_ps, final_ps in told:
        args: Event = {"utterance": name}
        heard_ps = min(spoken_ps, endpoint_ps)
        for what, begin, end in (
            ("speaking", start_ps, heard_ps),
            ("end-pointing", heard_ps, endpoint_ps),
            ("to final words", endpoint_ps, final_ps),
        ):
            if begin < end:
                slices.append(TraceSlice("utterance", what, begin, end, dict(args)))
        slices.append(TraceSlice("words", text or "final words", final_ps, final_ps + WORDS_PS, dict(args)))
    slices += [
        TraceSlice("words", "first word", time_ps, time_ps + WORDS_PS) for time_ps in by_name.get("first word", [])
    ]
    return slices
