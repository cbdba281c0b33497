"""Tiles: the lanes' track has no gaps in a job, waits have causes, fetches are those of the log."""

from __future__ import annotations

import dataclasses
from collections import defaultdict

import numpy as np
import pytest

from azsim.chip.pipeline import DECODED, FETCHED, MULTIPLIED
from azsim.report.trace.memory import MemoryWaits
from azsim.report.trace.tiles import tile_events, tile_slices
from azsim.soc import simulate
from azsim.soc.memory.columns import T_BYTES, T_DECODE, T_LANES
from tests.soc.cases import PROGRAMS, device, schedule, work


@pytest.fixture(scope="module")
def slices(timeline):
    waits = MemoryWaits(timeline.grants, timeline.window_ps)
    return {record.start_ps: tile_slices([record], [("test", 0, 0)], waits) for record in timeline.tiles}


def test_lanes_and_their_waits_fill_the_time_of_a_job_to_its_last_product(timeline, slices):
    causes = set()
    for record in timeline.tiles:
        found = [one for one in slices[record.start_ps] if one.track == "npu lanes"]
        at = record.start_ps
        for one in found:
            assert one.start_ps == at
            at = one.end_ps
            if one.name.startswith("waits for "):
                causes.add(one.args["cause"])
                assert sum(one.args["parts_us"].values()) == pytest.approx((one.end_ps - one.start_ps) / 1e6, abs=0.003)
        assert at == record.start_ps + int(record.times_ps[MULTIPLIED, -1])
    assert causes == {"dram", "decoder"}


def test_every_tile_is_at_every_stage_that_takes_time(timeline, slices):
    for record in timeline.tiles:
        tiles = defaultdict(set)
        for one in slices[record.start_ps]:
            if "cause" not in one.args:
                tiles[one.track].add(one.args["tile"])
        for track, row in (("npu fetch", T_BYTES), ("npu decoder", T_DECODE), ("npu lanes", T_LANES)):
            assert tiles[track] == set(np.flatnonzero(record.work[row]).tolist())
        assert len(slices[record.start_ps]) <= tile_events(record)


def test_a_fetch_ends_when_its_tile_is_there_and_its_waits_are_those_of_the_log(timeline, slices):
    waited_us = 0.0
    for record in timeline.tiles:
        for one in slices[record.start_ps]:
            if one.track == "npu fetch":
                tile = one.args["tile"]
                assert one.end_ps == record.start_ps + int(record.times_ps[FETCHED, tile])
                assert one.args["bytes"] == int(record.work[T_BYTES, tile])
                if tile:
                    assert one.start_ps >= record.start_ps + int(record.times_ps[FETCHED, tile - 1])
                waited_us += sum(one.args.get("memory_wait_us", {}).values())
    waits = MemoryWaits(timeline.grants, timeline.window_ps)
    assert waited_us == pytest.approx(waits.fetch_waits.sum() / 1e6, rel=1e-3)
    assert waited_us > 0


def test_decoding_is_drawn_when_it_happened(timeline, slices):
    record = timeline.tiles[-1]
    drawn = [one for one in slices[record.start_ps] if one.track == "npu decoder"]
    ends = record.start_ps + record.times_ps[DECODED, record.work[T_DECODE] > 0]
    assert [one.end_ps for one in drawn] == ends.tolist()
    assert sum(one.end_ps - one.start_ps for one in drawn) == record.work[T_DECODE].sum()


@pytest.mark.parametrize(
    ("fetch", "decode", "vector", "cause"),
    [(80000, 10, 10, "dram"), (80, 9000, 10, "decoder"), (80, 10, 9000, "vector")],
)
def test_the_lanes_wait_for_whatever_is_slow(fetch, decode, vector, cause):
    spec = device(chip__port__latency_cycles=0)
    slow = dataclasses.replace(
        schedule("slow", 2),
        fetch_bytes=np.array([80, fetch]),
        decode_cycles=np.array([10, decode]),
        vector_cycles=np.array([vector, 0]),
        depends_on=np.array([-1, 0]),
        output_bytes=np.zeros(2, np.int64),
    )
    timeline = simulate(spec, work(), dict.fromkeys(PROGRAMS, slow), music=None, trace=True)
    waits = MemoryWaits(timeline.grants, timeline.window_ps)
    found = tile_slices(timeline.tiles[:1], [("test", 0, 0)], waits)
    assert [one.args["cause"] for one in found if one.args["tile"] == 1 and "cause" in one.args] == [cause]
