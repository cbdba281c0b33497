"""Which tiles of a job have begun by a time, and so must not be taken from the processor any more."""

from __future__ import annotations

import numpy as np

from azsim.chip.pipeline import DECODED, MULTIPLIED
from azsim.soc.memory import columns
from azsim.soc.memory.protocol import TileWork


def tiles_begun(work: TileWork, computed: int, ticks: int) -> int:
    """Tiles up to the last of the first ``computed`` that was at work before so many ticks of the job, all fetched."""
    tiles, times = work.tiles[:, :computed], work.times
    decode = tiles[columns.T_DECODE]
    own = np.where(decode > 0, decode, tiles[columns.T_LANES])
    start = np.where(decode > 0, times[DECODED, :computed], times[MULTIPLIED, :computed]) - own
    at_work = np.flatnonzero((tiles[columns.T_BYTES] > 0) | (start < ticks))
    return int(at_work[-1]) + 1 if at_work.size else 0
