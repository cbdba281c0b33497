"""How a chip cuts matrices, and the tiles of one as a schedule: bytes of the stream, decoder time, lane time."""

from __future__ import annotations

import numpy as np

from azsim.chip.conflicts import with_stalls
from azsim.chip.decoder import written_cycles
from azsim.chip.lanes import LaneCost
from azsim.chip.row_order import address_bytes
from azsim.chip.schedule import TileSchedule
from azsim.compress.encoded import Encoded
from azsim.compress.layout import TileLayout
from azsim.devices.chip_spec import ChipSpec
from azsim.devices.quantities import Residency


def tile_layout(chip: ChipSpec) -> TileLayout:
    """The layout that weights must be encoded for to run on this chip."""
    array = chip.systolic
    return TileLayout(
        lanes=array.columns if array else chip.lanes.lanes,
        block_columns=array.rows if array else chip.lanes.block_columns,
        tile_positions=chip.sram.tile_positions,
        decoder_streams=chip.decoder.streams,
    )


def tile_schedule(
    name: str,
    encoded: Encoded,
    cost: LaneCost,
    frame: int,
    mode: Residency,
    chip: ChipSpec,
    first: int = 0,
    tiles: int | None = None,
    factor_bytes: int = 0,
) -> TileSchedule:
    """Tiles ``first`` to ``first + tiles - 1`` (all if not said) for one frame of the matrix's lane cost.

    There is no vector work in it and no dependency. Fetching the first of them fetches the matrix's tables too, and the
    ``factor_bytes`` of requantisation factors that go with its rows.
    """
    count = len(encoded.tiling) if tiles is None else tiles
    part = slice(first, first + count)
    nothing = np.zeros(count, np.int64)
    fetch, resume = nothing, nothing
    if mode == "streamed":
        tables = encoded.table_bytes + factor_bytes + address_bytes(chip, encoded.shape[0])
        fetch = encoded.tile_bytes[part].astype(np.int64)
        fetch[0] += tables
        resume = np.full(count, tables, np.int64)
        resume[0] = 0
    decoded = mode != "decoded"
    cost = with_stalls(cost, chip, encoded.tiling.positions if decoded else None)
    load = encoded.decoder_load[part]
    return TileSchedule(
        name=name,
        fetch_bytes=fetch,
        decode_cycles=written_cycles(encoded, chip)[part] if decoded else nothing,
        lane_cycles=cost.cycles[frame, part],
        lane_split=cost.split[frame, part],
        vector_cycles=nothing,
        depends_on=np.full(count, -1, np.int64),
        output_bytes=nothing,
        positions=cost.positions[frame, part],
        products=cost.products[frame, part],
        decoded_bits=load[:, :, 2].sum(axis=1) if decoded else nothing,
        decoded_values=load[:, :, 0].sum(axis=1) if decoded else nothing,
        vector_ops=nothing,
        resume_bytes=resume,
    )
