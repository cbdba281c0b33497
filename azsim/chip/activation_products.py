"""Products of activations with activations on the compute engine: an operand in on-chip memory in the place of weights.

Every element of it counts: nothing is known of its zeros before it is there, so that none is skipped. It is cut into
tiles as a matrix of weights would be; nothing is fetched or decoded.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec
import numpy as np

from azsim.chip.conflicts import with_stalls
from azsim.chip.lanes import LaneCost, lane_cost
from azsim.chip.schedule import TileSchedule
from azsim.chip.systolic import systolic_cost
from azsim.chip.tiles import tile_layout
from azsim.compress.layout import TileLayout, Tiling, cut
from azsim.devices.chip_spec import ChipSpec, LanesSpec, SystolicSpec


def product_tiles(rows: int, columns: int, vectors: int, chip: ChipSpec) -> TileSchedule:
    """The tiles of an operand of ``rows x columns`` int8 that so many vectors are multiplied with, back to back."""
    one, tiling = _one_vector(rows, columns, tile_layout(chip), chip.systolic or chip.lanes)
    cost = with_stalls(one.over_frames(vectors) if vectors > 1 else one, chip, None)
    nothing = np.zeros(len(tiling), np.int64)
    return TileSchedule(
        name="activations",
        fetch_bytes=nothing,
        decode_cycles=nothing,
        lane_cycles=cost.cycles[0],
        lane_split=cost.split[0],
        vector_cycles=nothing,
        depends_on=np.full(len(tiling), -1, np.int64),
        output_bytes=nothing,
        positions=cost.positions[0],
        products=cost.products[0],
        decoded_bits=nothing,
        decoded_values=nothing,
        vector_ops=nothing,
        resume_bytes=nothing,
    )


@lru_cache(maxsize=256)
def _one_vector(
    rows: int, columns: int, layout: TileLayout, engine: LanesSpec | SystolicSpec
) -> tuple[LaneCost, Tiling]:
    """The cost of one vector, and how the operand is cut."""
    tiling = cut(rows, columns, layout)
    if isinstance(engine, SystolicSpec):
        return systolic_cost(tiling, engine), tiling
    dense = msgspec.structs.replace(engine, skip="none", skip_zero_columns=False)
    return lane_cost(np.ones((rows, columns), np.int8), tiling, dense), tiling
