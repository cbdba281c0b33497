"""Tiles that have begun, one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.chip.pipeline import DECODED, MULTIPLIED
from azsim.soc.memory.columns import T_BYTES, T_DECODE, T_LANES
from azsim.soc.memory.protocol import TileWork


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 1 << 30), tiles=st.integers(0, 12), time_ps=st.integers(0, 120))
def test_a_tile_has_begun_once_its_fetch_its_decoder_or_its_lanes_have(seed: int, tiles: int, time_ps: int) -> None:
    rng = np.random.default_rng(seed)
    work, times = np.zeros((8, tiles), np.int64), np.zeros((5, tiles), np.int64)
    work[T_BYTES] = rng.integers(1, 99, tiles) * (rng.random(tiles) < 0.2)
    work[T_DECODE] = rng.integers(1, 9, tiles) * (rng.random(tiles) < 0.5)
    work[T_LANES] = rng.integers(1, 9, tiles)
    times[DECODED] = np.cumsum(rng.integers(8, 14, tiles))
    times[MULTIPLIED] = times[DECODED] + work[T_LANES]
    computed = int(rng.integers(0, tiles + 1))
    begun = []
    for tile in range(computed):
        starts = [times[DECODED, tile] - work[T_DECODE, tile]] if work[T_DECODE, tile] else [times[DECODED, tile]]
        begun.append(work[T_BYTES, tile] > 0 or starts[0] < time_ps)
    expected = max((tile + 1 for tile in range(computed) if begun[tile]), default=0)
    assert TileWork(work, times).begun(computed, time_ps) == expected


@pytest.mark.parametrize(("time_ps", "count"), [(0, 0), (10, 0), (11, 1), (20, 1), (21, 2)])
def test_at_the_very_moment_of_its_start_it_has_not(time_ps: int, count: int) -> None:
    work, times = np.zeros((8, 2), np.int64), np.zeros((5, 2), np.int64)
    work[T_DECODE] = 5
    times[DECODED] = 15, 25
    assert TileWork(work, times).begun(2, time_ps) == count
