"""The end-pointers of the report: the fast way to try limits is the end-pointer itself; rules fire where they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch", reason="the recordings come through azsim.train, the extra `train`")

from azsim.speech.endpoint import end_point, step_end_ms
from azsim.speech.endpointing.decision import EndPointing, Limits
from experiments.endpointing.measure import measured, perceived
from experiments.endpointing.rules import TrackArrays, by_voice, events_of, fixed, sherpa
from experiments.endpointing.tracks import Track, TrackRecording, quiet_ms


def track(seed: int, steps: int = 120, changes: bool = True) -> Track:
    """Words that come one by one, and with ``changes`` now and then become others for a while."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(0, 6))
    at = np.sort(rng.choice(np.arange(1, 60, 2), count, replace=False))
    said = np.searchsorted(at, np.arange(steps), side="right")
    if changes and count:
        said[at[-1] + 5 : at[-1] + 9] = rng.integers(1, count + 1)
    texts = tuple(" ".join(f"w{i}" for i in range(n)) for n in range(count + 1))
    speech = np.where(np.arange(steps) < 60, rng.random(steps), 0.1 * rng.random(steps))
    pause_ms = np.where(said > 0, rng.uniform(0, 400, steps), -1.0)
    recording = TrackRecording(f"r{seed}", "", texts[-1], 1_800, np.zeros((3 * steps, 64), np.float32))
    last_ms = step_end_ms(int(at[-1])) if count else -1
    posteriors = rng.random((2, steps))
    return Track(recording, said, texts, texts[-1], pause_ms, last_ms, speech, *posteriors, {"peer": rng.random(steps)})


share = st.floats(0, 1)
limits = st.builds(Limits, pause_ms=st.integers(0, 400), quiet_ms=st.integers(0, 300), ended=share, sentence_end=share)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 1000), min_size=1, max_size=5, unique=True), limits, limits)
def test_the_grid_is_the_end_pointer(seeds: list[int], speculative: Limits, final: Limits) -> None:
    chosen = EndPointing(speculative=speculative, final=final, nothing_said_ms=3_000, longest_ms=3_200)
    tracks = [track(seed) for seed in seeds]
    grid = TrackArrays(tracks, chosen.speech_above)
    events = [events_of(each, chosen) for each in tracks]
    assert grid.final(chosen).tolist() == [each[-1].step for each in events]
    told = grid.speculative(chosen)
    assert told.tolist() == [each[0].step for each in events]
    resets = [any(event.kind == "resume" for event in each) for each in events]
    assert grid.are_reset(told, grid.final(chosen)).tolist() == resets


@given(st.integers(0, 200), st.integers(1, 20).map(lambda steps: 30 * steps))
def test_the_fixed_rule_is_azsims_own(seed: int, silence_ms: int) -> None:
    one = track(seed, changes=False)
    label_steps = np.flatnonzero(np.diff(one.said, prepend=0)).tolist()
    if label_steps:
        wanted = end_point(label_steps, one.steps, silence_ms)
        assert fixed(silence_ms)(one) + 1 == wanted.steps


def test_quiet_and_rules_count_from_the_last_speech() -> None:
    assert quiet_ms(np.array([0.1, 0.9, 0.2, 0.2, 0.7, 0.0]), 0.5).tolist() == [30, 0, 30, 60, 0, 30]
    one = track(7, changes=False)
    last = int(np.flatnonzero(np.diff(one.said, prepend=0))[-1])
    assert by_voice("", 1_500)(one) >= int(np.flatnonzero(one.speech > 0.5)[-1]) + 50
    assert by_voice("peer", 30, 240)(one) >= fixed(240)(one)
    assert sherpa(one) == last + 40
    assert sherpa(track(0, changes=False)) == 79 or track(0).last_label_ms >= 0


def test_rows_say_what_was_cut_and_when_results_are_usable() -> None:
    tracks = [track(seed) for seed in range(12)]
    rows = measured("drawn", tracks, EndPointing(nothing_said_ms=3_000, longest_ms=3_200))
    fixed_rows = [row for row in rows if row.end_pointer == "fixed rule"]
    cuts = [row.early_cut_percent for row in fixed_rows]
    assert cuts == sorted(cuts, reverse=True)
    for row in rows:
        assert (row.early_cut_percent == 0) <= (row.wer_delivered_percent == row.wer_whole_percent)
    for each in perceived("drawn", tracks, EndPointing(nothing_said_ms=3_000, longest_ms=3_200)):
        assert 0 <= each.without_ms - each.with_speculation_ms <= each.downstream_ms
        assert each.runs_per_recording >= 1
