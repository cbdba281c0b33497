"""Jobs taken apart: where they may be left, what is fetched again, what is still waited for."""

from __future__ import annotations

import numpy as np
import pytest

import azsim
from azsim.chip.build import tile_layout
from azsim.chip.interrupted import begun_part, ends, rest
from azsim.chip.lanes import lane_cost
from azsim.chip.tiles import tile_schedule
from azsim.devices.loader import load_device
from azsim.reference.schedule_cases import random_schedule, schedule


def test_the_places_at_which_a_job_may_be_left():
    made = schedule([8] * 4, [1] * 4, [[1, 0, 0, 0]] * 4, vector_cycles=[0, 5, 0, 5])
    assert ends(made, "never").tolist() == [4]
    assert ends(made, "layer").tolist() == [0, 2, 4]
    assert ends(made, "tile").tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("seed", range(5))
def test_the_parts_are_the_whole(seed):
    made = random_schedule(np.random.default_rng(seed))
    for count in range(len(made)):
        first, second = begun_part(made, count), rest(made, count)
        for name in ("fetch_bytes", "decode_cycles", "lane_cycles", "vector_cycles", "output_bytes"):
            both = np.concatenate([getattr(first, name), getattr(second, name)])
            assert np.array_equal(both, getattr(made, name))
        waits = made.depends_on[count:]
        assert np.array_equal(second.depends_on, np.where(waits >= count, waits - count, -1))


def test_inside_of_a_matrix_its_tables_are_fetched_again_and_at_its_start_they_are_there_anyway():
    chip = load_device("az1").chip
    weights = np.random.default_rng(1).integers(-8, 8, (256, 256)).astype(np.int8)
    encoded = azsim.encode(weights, codec="palette", weight_bits=4, layout=tile_layout(chip))
    cost = lane_cost(weights, encoded.tiling, chip.lanes)
    made = tile_schedule("matrix", encoded, cost, 0, "streamed", chip)
    assert len(made) > 2
    assert encoded.table_bytes > 0
    for count in range(len(made)):
        again = int(rest(made, count).fetch_bytes.sum() + begun_part(made, count).fetch_bytes.sum())
        assert again - int(made.fetch_bytes.sum()) == (encoded.table_bytes if count else 0)
    assert not tile_schedule("matrix", encoded, cost, 0, "compressed", chip).resume_bytes.any()
