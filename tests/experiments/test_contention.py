"""The sweep on a loaded device: what is run, what is kept, what a search finds, and that a point is measured right."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from azsim.soc.companions import Companion
from experiments.contention import play
from experiments.contention.play import Bench, PlayableConfiguration, device_for, perform, run_point, track_for
from experiments.contention.points import LOADS_GBPS, MOST_GBPS, Kept, LimitSearch, LoadPoint, points_of
from tests.soc.cases import device, schedule, schedules, track, work


@pytest.fixture(scope="module")
def bench() -> Bench:
    companion = Companion("beside", schedule("beside", 30), 10**10, 60)
    material = PlayableConfiguration("small", ((work(), schedules(60)), (work(), schedules(60))), 0, (companion,))
    return Bench(device(), track(), {"small": material})


def test_every_point_is_run_once_and_has_all_configurations_at_all_loads() -> None:
    points = points_of(["int8 raw", "5-bit zvsv 50%", "third"])
    assert len(points) == len(set(points))
    for config in ("int8 raw", "third"):
        assert {point.background_gbps for point in points if point.config == config} >= set(LOADS_GBPS)


def test_answers_are_found_again_by_a_later_run(bench: Bench, tmp_path: Path) -> None:
    point, search = LoadPoint("small", "fifo", 1.0), LimitSearch(LoadPoint("small"))
    measures = run_point(bench, point)
    kept = Kept(tmp_path / "kept.jsonl")
    kept.put(point, measures)
    kept.put(search, 2.5)
    again = Kept(tmp_path / "kept.jsonl")
    assert point in again
    assert LoadPoint("small", "fifo", 2.0) not in again
    assert (again.measures(point), again.load(search)) == (measures, 2.5)


@pytest.mark.parametrize("limit", [0.05, 2.34, 6.35, 7.0])
def test_a_search_finds_the_least_load_with_a_miss(monkeypatch: pytest.MonkeyPatch, bench: Bench, limit: float) -> None:
    measured = run_point(bench, LoadPoint("small"))
    monkeypatch.setattr(
        play,
        "run_point",
        lambda _, point: dataclasses.replace(measured, miss_share=float(point.background_gbps >= limit)),
    )
    found = perform(bench, LimitSearch(LoadPoint("small")))
    least = next((step / 10 for step in range(1, 65) if step / 10 >= limit), MOST_GBPS + 0.1)
    assert found == pytest.approx(least)


def test_load_slows_steps_down_and_moves_bytes(bench: Bench) -> None:
    quiet, loud = (run_point(bench, LoadPoint("small", "fifo", load)) for load in (0.0, 3.0))
    assert loud.cpu_gbps - quiet.cpu_gbps == pytest.approx(3.0, rel=0.01)
    assert loud.step_p50_ms > quiet.step_p50_ms > 0
    assert loud.npu_waited_share > quiet.npu_waited_share
    assert 0 <= quiet.miss_share <= loud.miss_share <= 1
    assert quiet.periods == pytest.approx(2 * play.APART_S * 48000 / 1024, abs=1)
    assert run_point(bench, LoadPoint("small", networks=1)).npu_busy_share > quiet.npu_busy_share


@pytest.mark.parametrize("policy", ["rate-regulated", "window-threshold"])
def test_a_policy_that_regulates_keeps_the_cores_to_half_of_the_memory(bench: Bench, policy: str) -> None:
    spec = device_for(bench.device, LoadPoint("small", policy))
    measured = run_point(bench, LoadPoint("small", policy, 5.0))
    assert measured.cpu_gbps == pytest.approx(spec.memory.peak_gbps * spec.memory.efficiency / 2, rel=0.02)


def test_music_is_scaled_or_left_out() -> None:
    assert track_for(track(), 0) is None
    assert track_for(track(), -1) == track()
    louder = track_for(track(), 1000)
    assert louder.kbps == pytest.approx(1000, rel=0.01)
    assert louder != track()
