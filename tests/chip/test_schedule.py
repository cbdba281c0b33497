"""Schedules put one behind the other."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from azsim.chip.schedule import CpuWork, Sections, TileSchedule
from azsim.reference.schedule_cases import random_schedule

COLUMNS = [field.name for field in fields(TileSchedule) if field.name != "name"]


@pytest.mark.parametrize("seed", range(10))
def test_tiles_keep_their_work_and_wait_for_the_same_tiles(seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = [random_schedule(rng) for _ in range(1 + seed % 4)]
    whole = TileSchedule.concatenate("all", parts)
    tiles = [(part, tile) for part in range(len(parts)) for tile in range(len(parts[part]))]
    assert (whole.name, len(whole)) == ("all", len(tiles))
    for at, (part, tile) in enumerate(tiles):
        for name in COLUMNS:
            if name != "depends_on":
                assert np.array_equal(getattr(whole, name)[at], getattr(parts[part], name)[tile]), name
        before = int(parts[part].depends_on[tile])
        assert whole.depends_on[at] == (-1 if before < 0 else tiles.index((part, before)))


def test_putting_together_is_associative() -> None:
    rng = np.random.default_rng(20)
    first, second, third = (random_schedule(rng) for _ in range(3))
    left = TileSchedule.concatenate("all", [TileSchedule.concatenate("", [first, second]), third])
    right = TileSchedule.concatenate("all", [first, TileSchedule.concatenate("", [second, third])])
    for name in COLUMNS:
        assert np.array_equal(getattr(left, name), getattr(right, name)), name


def test_what_the_chip_does_of_a_split_job_is_all_but_the_cpu_s_work() -> None:
    rng = np.random.default_rng(21)
    first, second = random_schedule(rng), random_schedule(rng)
    job = Sections("job", (first, CpuWork("tanh", 40), second, CpuWork("sigmoid", 3)))
    assert job.on_chip.name == "job"
    for name in COLUMNS:
        assert np.array_equal(
            getattr(job.on_chip, name), getattr(TileSchedule.concatenate("", [first, second]), name)
        ), name
