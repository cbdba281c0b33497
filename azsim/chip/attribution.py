"""Why a job took as long as it did: its time divided exactly among eight causes along the critical path.

::

    last event  <── W (drain) <── V (vector) <── M (lanes | window | imbalance | queue) <── D (decoder) <── F (dram)

From the last event the walk goes back to whichever predecessor came last (of equal ones, the earlier stage); the
stretch between the two belongs to the stage that was at work.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from azsim.chip.pipeline import DECODED, FETCHED, FINISHED, MULTIPLIED, WRITTEN, PipelineResult, run_pipeline
from azsim.chip.schedule import TileSchedule
from azsim.compiled import njit
from azsim.devices.chip_spec import ChipSpec

CAUSES = ("dram", "decoder", "lanes", "window", "imbalance", "queue", "vector", "drain")
"""``dram``: latency, transfer and contention; ``drain``: results on their way out."""


@njit(cache=True, nogil=True)
def walk(times, fetches, decodes, fetch_frees, weight_frees, depends_on, latency, split, causes):
    """Add each stretch of the critical path to its cause; they add up to ``times[4, -1]`` exactly.

    Any integer unit will do. The durations of decoder, vector unit and writes are read off ``times``.

    Args:
        times: int64 ``(5, tiles)``, as the pipeline leaves it.
        fetches: bool ``(tiles,)``: the tile came over the port.
        decodes: bool ``(tiles,)``: the tile went through the decoder.
        fetch_frees, weight_frees, depends_on: int64 ``(tiles,)``.
        latency: of the port, in the unit of ``times``.
        split: int64 ``(tiles, 4)``: lanes, window, imbalance, queue, in the unit of ``times``.
        causes: int64 ``(8,)``, added to in the order of `CAUSES`.
    """
    tile = times.shape[1] - 1
    stage = WRITTEN
    while tile >= 0:
        now = times[stage, tile]
        if now == 0:
            break
        before = np.int64(0)
        next_stage = stage
        next_tile = tile - 1
        if tile > 0:
            before = times[stage, tile - 1]
        if stage == FETCHED:
            if fetches[tile] and fetch_frees[tile] >= 0:
                freed = times[DECODED, fetch_frees[tile]]
                if freed + latency > before:
                    before = freed
                    next_stage = DECODED
                    next_tile = fetch_frees[tile]
            causes[0] += now - before
        else:
            if times[stage - 1, tile] >= before:
                before = times[stage - 1, tile]
                next_stage = stage - 1
                next_tile = tile
            if stage == DECODED:
                if decodes[tile] and weight_frees[tile] >= 0 and times[MULTIPLIED, weight_frees[tile]] > before:
                    before = times[MULTIPLIED, weight_frees[tile]]
                    next_stage = MULTIPLIED
                    next_tile = weight_frees[tile]
                causes[1] += now - before
            elif stage == MULTIPLIED:
                if depends_on[tile] >= 0 and times[FINISHED, depends_on[tile]] > before:
                    before = times[FINISHED, depends_on[tile]]
                    next_stage = FINISHED
                    next_tile = depends_on[tile]
                for cause in range(4):
                    causes[2 + cause] += split[tile, cause]
            elif stage == FINISHED:
                causes[6] += now - before
            else:
                causes[7] += now - before
        stage = next_stage
        tile = next_tile


def attribute(schedule: TileSchedule, result: PipelineResult, chip: ChipSpec) -> Mapping[str, int]:
    """Cause -> cycles; the values add up to ``result.total_cycles``."""
    causes = np.zeros(len(CAUSES), np.int64)
    walk(
        result.times,
        schedule.fetch_bytes > 0,
        schedule.decode_cycles > 0,
        result.fetch_frees,
        result.weight_frees,
        schedule.depends_on,
        np.int64(chip.port.latency_cycles),
        schedule.lane_split,
        causes,
    )
    return dict(zip(CAUSES, causes.tolist(), strict=True))


def time_by_cause(schedule: TileSchedule, chip: ChipSpec) -> Mapping[str, int]:
    """Cause -> cycles of a schedule played on the chip alone."""
    return attribute(schedule, run_pipeline(schedule, chip), chip)
