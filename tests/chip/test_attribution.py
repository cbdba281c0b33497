"""Causes add up exactly, and name the stage that held the job up."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.chip.attribution import CAUSES, attribute, time_by_cause
from azsim.chip.pipeline import run_pipeline
from azsim.reference.schedule_cases import chip_with, random_chip, random_schedule, schedule
from tests.chip.test_pipeline import AZ1


@pytest.mark.parametrize("seed", range(60))
def test_causes_add_up_to_the_total(seed: int) -> None:
    rng = np.random.default_rng(1000 + seed)
    chip, work = random_chip(rng), random_schedule(rng)
    result = run_pipeline(work, chip)
    causes = attribute(work, result, chip)
    assert tuple(causes) == CAUSES
    assert sum(causes.values()) == result.total_cycles
    assert min(causes.values()) >= 0


def test_the_worked_example_of_the_chip_s_page() -> None:
    work = schedule([8, 8], [4, 4], [[3, 2, 0, 1]] * 2, vector_cycles=[0, 2])
    assert time_by_cause(work, chip_with(1, 1, 4, 3)) == {
        "dram": 5,
        "decoder": 8,
        "lanes": 6,
        "window": 4,
        "imbalance": 0,
        "queue": 2,
        "vector": 2,
        "drain": 0,
    }


@pytest.mark.parametrize(
    ("work", "cause", "rest"),
    [
        (schedule([4000] * 20, [9] * 20, [[5, 0, 0, 0]] * 20), "dram", 9 + 5),
        (schedule([8] * 20, [900] * 20, [[5, 0, 0, 0]] * 20), "decoder", 60 + 1 + 5),
        (schedule([8] * 20, [9] * 20, [[500, 0, 0, 0]] * 20), "lanes", 60 + 1 + 9),
        (schedule([8] * 20, [9] * 20, [[0, 500, 0, 0]] * 20), "window", 60 + 1 + 9),
        (schedule([8] * 20, [9] * 20, [[0, 0, 500, 0]] * 20), "imbalance", 60 + 1 + 9),
        (schedule([8] * 20, [9] * 20, [[0, 0, 0, 500]] * 20), "queue", 60 + 1 + 9),
        (schedule([8] * 20, [9] * 20, [[1, 0, 0, 0]] * 20, vector_cycles=[500] * 20), "vector", 60 + 1 + 9 + 1),
        (schedule([8] * 20, [9] * 20, [[1, 0, 0, 0]] * 20, output_bytes=[4000] * 20), "drain", 60 + 1 + 9 + 1),
    ],
)
def test_the_slow_stage_gets_all_but_the_way_in_and_out(work, cause: str, rest: int) -> None:
    causes = time_by_cause(work, AZ1)
    assert sum(causes.values()) - causes[cause] == rest


def test_ties_go_to_the_earlier_stage() -> None:
    chip = chip_with(1, 1, 1, 0)
    work = schedule([10, 10], [0, 0], [[10, 0, 0, 0]] * 2)
    causes = time_by_cause(work, chip)
    assert causes["dram"] == 20
    assert causes["lanes"] == 10
