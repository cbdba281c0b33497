"""Programs as points under the roofline."""

from __future__ import annotations

import pytest

from azsim.chip.pipeline import run_pipeline
from azsim.chip.roofline import ceilings
from azsim.chip.schedule import CpuWork, Sections, TileSchedule
from azsim.devices.loader import load_device
from azsim.report.roofline import roofline, roofline_points
from tests.soc.cases import schedule

AZ1 = load_device("az1")


def test_a_point_is_the_work_of_one_run_and_the_time_it_takes_alone() -> None:
    given = {"encoder.0": schedule("a", 9, 1), "joint": schedule("b", 4, 2, resident=1.0)}
    points = roofline_points(AZ1, "5-bit", given)
    assert [(point.config, point.layer) for point in points] == [("5-bit", "encoder.0"), ("5-bit", "joint")]
    for point, made in zip(points, given.values(), strict=True):
        assert point.macs == made.positions.sum()
        assert point.dram_bytes == made.fetch_bytes.sum()
        cycles = run_pipeline(made, AZ1.chip).total_cycles
        assert point.time_ns == pytest.approx(cycles * 1000 / AZ1.chip.clock_mhz, rel=1e-3)
    assert points[1].dram_bytes == 0


def test_where_runs_differ_the_first_stands_for_them_and_the_cpu_s_part_is_left_out() -> None:
    first, second = schedule("a", 5, 1), schedule("b", 5, 2)
    alone = roofline_points(AZ1, "c", {"p": first})
    assert roofline_points(AZ1, "c", {"p": [first, second]}) == alone
    assert roofline_points(AZ1, "c", {"p": {3: first, 7: second}}) == alone
    split = Sections("job", (first, CpuWork("tanh", 9), second))
    whole = TileSchedule.concatenate("job", [first, second])
    assert roofline_points(AZ1, "c", {"p": split}) == roofline_points(AZ1, "c", {"p": [whole, first]})


def test_the_ceilings_are_the_chip_s() -> None:
    points = roofline_points(AZ1, "c", {"p": schedule("a", 5)}, timing_only=True)
    made = roofline(AZ1, points)
    assert made.points == points
    assert points[0].timing_only
    chip = ceilings(AZ1.chip)
    for name in ("multipliers_gmacs", "window_gmacs", "decoder_gpositions", "dram_gbps"):
        assert getattr(made, name) == getattr(chip, name) > 0
