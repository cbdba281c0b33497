"""Flows: which jobs a step's sound went through, from the microphone to its last search, and on to the words.

::

    capture ──> frontend ──> encoder.0 ──> encoder.1 ──> joint ──> search ( ──> words, for the last step)
       s           t             t             t           t          f
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence

from azsim.report.trace.jobs import Utterances
from azsim.report.trace.tracks import PS_PER_NS, Event, TraceSlice, microseconds, pid, subsystem
from azsim.soc.timeline import Span, Timeline

NAME = "sound to words"


class SliceFinder:
    """Finds the slice of a track in which a time lies."""

    def __init__(self, slices: Sequence[TraceSlice]) -> None:
        self._by_track: dict[str, list[TraceSlice]] = defaultdict(list)
        for one in sorted((one for one in slices if one.visible), key=lambda s: s.start_ps):
            self._by_track[one.track].append(one)
        self._starts = {track: [one.start_ps for one in found] for track, found in self._by_track.items()}

    def at(self, track: str, time_ps: int) -> tuple[str, int] | None:
        """Track and time of the point where a flow binds to the slice at ``time_ps``; None if there is none."""
        row = bisect_right(self._starts.get(track, []), time_ps) - 1
        if row < 0:
            return None
        one = self._by_track[track][row]
        inside = one.start_ps // PS_PER_NS <= time_ps // PS_PER_NS < one.end_ps // PS_PER_NS
        return (track, time_ps) if inside else None


def step_points(timeline: Timeline, utterances: Utterances) -> dict[int, list[tuple[str, int]]]:
    """Step -> the tracks and times its sound came by, in order of time."""
    jobs: dict[int, list[Span]] = defaultdict(list)
    for span in timeline.spans:
        if span.step >= 0 and span.track.startswith(("cpu", "npu")):
            jobs[span.step].append(span)
    finals = [instant.time_ps for instant in timeline.instants if instant.name == "final words"]
    ends = {}
    for (_, first_step, _), final_ps, following in zip(
        utterances, finals, [*(first for _, first, _ in utterances[1:]), None], strict=False
    ):
        steps = [step for step in jobs if step >= first_step and (following is None or step < following)]
        if steps:
            ends[max(steps)] = final_ps
    points = {}
    for step, spans in sorted(jobs.items()):
        heard = next((index for index, span in enumerate(spans) if span.name == "frontend"), 0)
        path = [(span.track, span.start_ps) for span in spans[heard:]]
        if spans[heard].name == "frontend" and spans[heard].asked_ps > 0:
            path.insert(0, ("microphone", spans[heard].asked_ps - 1))
        if ends.get(step, -1) >= path[-1][1]:
            path.append(("words", ends[step]))
        points[step] = path
    return points


def flow_events(
    points: dict[int, list[tuple[str, int]]], places: SliceFinder, threads: dict[str, int], every: int
) -> list[Event]:
    """Flow events of one step in ``every``, each inside a slice; a flow that would have one end alone is left out."""
    events: list[Event] = []
    for step, path in points.items():
        if not every or step % every:
            continue
        bound = [place for track, time_ps in path if (place := places.at(track, time_ps))]
        if len(bound) < 2:
            continue
        for index, (track, time_ps) in enumerate(bound):
            phase = "s" if index == 0 else "f" if index == len(bound) - 1 else "t"
            where: Event = {"ph": phase, "id": step + 1, "name": NAME, "cat": "flow", "pid": pid(subsystem(track))}
            where |= {"tid": threads[track], "ts": microseconds(time_ps)}
            events.append(where | ({"bp": "e"} if phase == "f" else {}))
    return events
