"""The device ``eie`` on layers of the paper, and the queues' order on a smaller one."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

import azsim
from azsim.deploy.matvec import MatvecCost
from experiments.validation.eie import QUEUES, RATIO_LIMIT, TIME_LIMIT, allowed, layers, times, with_queue


@pytest.mark.parametrize("layer", layers(), ids=lambda layer: layer.name)
def test_times_and_ratio_are_those_of_the_paper(layer) -> None:
    at = times(layer)
    for kind in ("theoretical_us", "actual_us"):
        paper, found = getattr(layer, kind), getattr(at, kind)
        if abs(found / paper - 1) > TIME_LIMIT:  # NT-LSTM: only what the rounding of the density allows
            low, high = (getattr(times(layer, shift), kind) for shift in (-1.0, 1.0))
            assert low < found < high
            assert allowed(paper, low, found, high), kind
    assert at.ratio / (layer.actual_us / layer.theoretical_us) == pytest.approx(1, abs=RATIO_LIMIT)


def test_deeper_queues_are_never_slower_and_soon_gain_little() -> None:
    rng = np.random.default_rng(0)
    weights, vector = (rng.random((1200, 400)) < 0.1).astype(np.int8), np.ones(400, np.int8)
    eie = azsim.load_device("eie")
    cycles = [azsim.matvec(with_queue(eie, queue), weights, vector).cycles for queue in QUEUES]
    assert cycles == sorted(cycles, reverse=True)
    assert cycles[0] > 1.5 * cycles[3]
    assert cycles[3] < 1.1 * cycles[-1]


def array_cycles(cost: MatvecCost) -> int:
    """All but the vector unit's, which comes after the last column."""
    return cost.cycles - cost.causes["vector"]


def test_long_vectors_run_in_batches_of_the_register_files() -> None:
    rng = np.random.default_rng(1)
    weights, vector = (rng.random((4100, 4200)) < 0.02).astype(np.int8), (rng.random(4200) < 0.4).astype(np.int8)
    eie = azsim.load_device("eie")
    pieces = [
        array_cycles(azsim.matvec(eie, weights[rows, columns], vector[columns]))
        for rows in (slice(0, 4096), slice(4096, None))
        for columns in (slice(0, 4096), slice(4096, None))
    ]
    whole = azsim.matvec(eie, weights, vector)
    assert array_cycles(whole) == sum(pieces)
    assert np.array_equal(whole.output, weights.astype(np.int32) @ vector)


def test_nothing_is_fetched_and_all_time_is_the_lanes() -> None:
    eie = azsim.load_device("eie")
    cost = azsim.matvec(eie, np.eye(100, dtype=np.int8), np.ones(100, np.int8))
    assert cost.dram_bytes == cost.causes["dram"] == cost.causes["decoder"] == 0
    streamed = azsim.matvec(eie, np.eye(100, dtype=np.int8), np.ones(100, np.int8), residency="streamed")
    assert streamed.dram_bytes > 0


def test_it_says_what_the_paper_says() -> None:
    chip = azsim.load_device("eie").chip
    assert chip.lanes.lanes * chip.lanes.multipliers_per_lane * chip.clock_mhz * 2 == pytest.approx(102_400)
    assert msgspec.structs.asdict(chip.lanes)["queue_blocks"] == 8
