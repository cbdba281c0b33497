"""From tracks to the rows of the report: every end-pointer over every set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from azsim.report.percentiles import percentile
from azsim.report.wer import count_errors, wer_percent
from azsim.soc.downstream import PS_PER_MS, DownstreamChoice, follow
from azsim.speech.endpoint import step_end_ms
from azsim.speech.endpointing.decision import EndPointing
from azsim.speech.endpointing.protocol import EndPointEvent
from experiments.endpointing.rules import Rule, by_voice, events_of, fixed, sherpa
from experiments.endpointing.tracks import Track

FIXED_MS = tuple(range(120, 1201, 120))
VOICE_MS = (90, 150, 210, 270, 330, 390, 480, 600, 780, 990, 1200)
QUIETS_MS = tuple(range(90, 601, 30))
OURS = "two-stage"
DOWNSTREAM_MS = (0, 50, 100, 150, 200, 250, 300, 400, 500, 600)
LABELS_MS = 240
"""Without a label beside quiet, where a peer's voice activity stands in for ours."""


@dataclass(frozen=True)
class EndPointingOutcome:
    """One end-pointer over one set; waits from the true end of speech, over recordings that were not cut early."""

    speech: str
    end_pointer: str
    setting_ms: int
    recordings: int
    early_cut_percent: float
    wer_delivered_percent: float
    wer_whole_percent: float
    ep50_ms: float
    ep90_ms: float
    speculative_p50_ms: float | None = None
    reset_percent: float | None = None
    lead_p50_ms: float | None = None


@dataclass(frozen=True)
class Perceived:
    """When a result downstream is usable, median from the true end of speech, over recordings not cut early."""

    speech: str
    downstream_ms: int
    with_speculation_ms: float
    without_ms: float
    runs_per_recording: float
    wasted_percent: float


def row_of(
    speech: str, name: str, setting_ms: int, tracks: Sequence[Track], steps: Sequence[int]
) -> EndPointingOutcome:
    """Of an end-pointer that fires at the ends of these steps."""
    delivered = [track.delivered(step) for track, step in zip(tracks, steps, strict=True)]
    whole = [track.whole for track in tracks]
    references = [track.recording.reference for track in tracks]
    early = [cut != all_of_it for cut, all_of_it in zip(delivered, whole, strict=True)]
    waits = [
        step_end_ms(step) - track.recording.end_ms
        for track, step, is_early in zip(tracks, steps, early, strict=True)
        if not is_early
    ]
    return EndPointingOutcome(
        speech,
        name,
        setting_ms,
        len(tracks),
        100 * float(np.mean(early)),
        wer_percent(count_errors(references, delivered)) or 0.0,
        wer_percent(count_errors(references, whole)) or 0.0,
        percentile(waits, 50) if waits else float("nan"),
        percentile(waits, 90) if waits else float("nan"),
    )


def rules(peers: Sequence[str]) -> list[tuple[str, int, Rule]]:
    """The end-pointers that take one setting: name, setting, rule."""
    found: list[tuple[str, int, Rule]] = [("fixed rule", ms, fixed(ms)) for ms in FIXED_MS]
    found.append(("sherpa's rules", 1200, sherpa))
    for peer in peers:
        found += [(peer, ms, by_voice(peer, ms)) for ms in VOICE_MS]
        found += [(f"{peer} and labels", ms, by_voice(peer, ms, LABELS_MS)) for ms in VOICE_MS]
    return found


def measured(speech: str, tracks: Sequence[Track], limits: EndPointing) -> list[EndPointingOutcome]:
    """Every end-pointer; ours as it is shipped, and along its curve of quiet."""
    rows = []
    for name, setting, rule in rules(list(tracks[0].peers)):
        rows.append(row_of(speech, name, setting, tracks, [rule(track) for track in tracks]))
    for quiet in QUIETS_MS:
        other = msgspec.structs.replace(limits, final=msgspec.structs.replace(limits.final, quiet_ms=quiet))
        rows.append(_ours(speech, f"{OURS}, other quiet", quiet, tracks, other))
    rows.append(_ours(speech, OURS, limits.final.quiet_ms, tracks, limits))
    return rows


def is_over(events: Sequence[EndPointEvent]) -> bool:
    """Whether a track was long enough for its utterance to end; one in which nothing is recognised may be too short."""
    return bool(events) and events[-1].kind == "commit"


def _ours(speech: str, name: str, setting: int, tracks: Sequence[Track], limits: EndPointing) -> EndPointingOutcome:
    events = [events_of(track, limits) for track in tracks]
    over = [is_over(each) for each in events]
    steps = [each[-1].step if done else t.steps - 1 for each, done, t in zip(events, over, tracks, strict=True)]
    row = row_of(speech, name, setting, tracks, steps)
    kept = [
        (each, track)
        for each, track in zip(events, tracks, strict=True)
        if is_over(each) and track.delivered(each[-1].step) == track.whole
    ]
    told = [each[-2].time_ms - track.recording.end_ms for each, track in kept]
    leads = [each[-1].time_ms - each[-2].time_ms for each, _ in kept]
    resets = [any(event.kind == "resume" for event in each) for each in events]
    return replace(
        row,
        speculative_p50_ms=percentile(told, 50),
        reset_percent=100 * float(np.mean(resets)),
        lead_p50_ms=percentile(leads, 50),
    )


def perceived(speech: str, tracks: Sequence[Track], limits: EndPointing) -> list[Perceived]:
    """For work downstream of many durations."""
    kept = []
    for track in tracks:
        events = events_of(track, limits)
        if is_over(events) and track.delivered(events[-1].step) == track.whole:
            told = [(event.time_ms * PS_PER_MS, event.kind) for event in events]
            kept.append((told, track.recording.end_ms))
    rows = []
    for duration in DOWNSTREAM_MS:
        early, late = (
            [follow(events, DownstreamChoice(duration, speculate=speculate)) for events, _ in kept]
            for speculate in (True, False)
        )
        runs = sum(each.runs for each in early)
        wasted = sum(each.wasted_ps for each in early)
        usable = [
            [each.delivered_ps / PS_PER_MS - end_ms for each, (_, end_ms) in zip(played, kept, strict=True)]
            for played in (early, late)
        ]
        work_ps = runs * duration * PS_PER_MS
        medians = [percentile(each, 50) for each in usable]
        wasted_percent = 100 * wasted / work_ps if work_ps else 0.0
        rows.append(Perceived(speech, duration, *medians, runs / len(kept), wasted_percent))
    return rows
