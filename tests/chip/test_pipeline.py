"""The recurrences against processes that pass tokens, and against what can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.chip.pipeline import buffer_owners, run_pipeline
from azsim.devices.loader import load_device
from azsim.reference.pipeline_machine import PipelineMachine
from azsim.reference.schedule_cases import chip_with, random_chip, random_schedule, schedule

AZ1 = load_device("az1").chip


@pytest.mark.parametrize("seed", range(120))
def test_recurrences_equal_processes_with_tokens(seed: int) -> None:
    rng = np.random.default_rng(seed)
    chip, work = random_chip(rng), random_schedule(rng)
    result, model = run_pipeline(work, chip), PipelineMachine(work, chip)
    assert np.array_equal(result.times[1:], model.times[1:])
    fetched = work.fetch_bytes > 0
    assert np.array_equal(result.times[0, fetched], model.times[0, fetched])
    assert result.total_cycles == model.times.max()


def test_the_worked_example_of_the_chip_s_page() -> None:
    work = schedule([8, 8], [4, 4], [[3, 2, 0, 1]] * 2, vector_cycles=[0, 2])
    result = run_pipeline(work, chip_with(1, 1, 4, 3))
    assert result.times.tolist() == [[5, 14], [9, 19], [15, 25], [15, 27], [15, 27]]
    assert result.total_cycles == 27


def test_a_bound_port_is_never_idle_after_the_first_answer() -> None:
    chip = chip_with(2, 2, 8, 60)
    work = schedule([800] * 50, [10] * 50, [[5, 0, 0, 0]] * 50)
    assert run_pipeline(work, chip).total_cycles == 60 + 50 * 100 + 10 + 5


def test_resident_decoded_tiles_cost_their_lanes_alone() -> None:
    work = schedule([0] * 9, [0] * 9, [[7, 1, 0, 0]] * 9)
    assert run_pipeline(work, AZ1).total_cycles == 9 * 8


def test_resident_tiles_pass_by_the_buffers() -> None:
    chip = chip_with(1, 1, 1, 0)
    streamed = schedule([10, 10], [3, 3], [[1, 0, 0, 0]] * 2)
    mixed = schedule([10, 0, 10], [3, 0, 3], [[1, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]])
    assert run_pipeline(streamed, chip).total_cycles == run_pipeline(mixed, chip).total_cycles


def test_compute_waits_for_the_vector_unit_but_fetch_and_decoder_run_ahead() -> None:
    chip = chip_with(2, 2, 8, 0)
    work = schedule([8, 8], [1, 1], [[1, 0, 0, 0]] * 2, vector_cycles=[100, 0], depends_on=[-1, 0])
    times = run_pipeline(work, chip).times
    assert times[1, 1] == 3
    assert times[2, 1] == 3 + 100 + 1


def test_an_empty_schedule_takes_no_time() -> None:
    assert run_pipeline(schedule([], [], []), AZ1).total_cycles == 0


def test_buffers_are_used_in_turn_by_those_that_need_them() -> None:
    assert buffer_owners(np.array([True, False, True, True, False, True]), 2).tolist() == [-1, -1, -1, 0, -1, 2]
    assert buffer_owners(np.array([True, True]), 5).tolist() == [-1, -1]
