"""Schedules and chips for the pipeline: made from their times, or at random with many ties."""

from __future__ import annotations

import msgspec
import numpy as np

from azsim.chip.schedule import TileSchedule
from azsim.devices.chip_spec import ChipSpec
from azsim.devices.loader import load_device


def schedule(
    fetch_bytes: list[int],
    decode_cycles: list[int],
    split: list[list[int]],
    vector_cycles: list[int] | None = None,
    depends_on: list[int] | None = None,
    output_bytes: list[int] | None = None,
) -> TileSchedule:
    """A schedule from its times; counts for energy are zero."""
    tiles = len(fetch_bytes)
    lane_split = np.array(split, np.int64).reshape(tiles, 4)

    def column(values: list[int] | None, default: int) -> np.ndarray:
        return np.full(tiles, default, np.int64) if values is None else np.array(values, np.int64)

    return TileSchedule(
        name="made up",
        fetch_bytes=column(fetch_bytes, 0),
        decode_cycles=column(decode_cycles, 0),
        lane_cycles=lane_split.sum(axis=1),
        lane_split=lane_split,
        vector_cycles=column(vector_cycles, 0),
        depends_on=column(depends_on, -1),
        output_bytes=column(output_bytes, 0),
        positions=column(None, 0),
        products=column(None, 0),
        decoded_bits=column(None, 0),
        decoded_values=column(None, 0),
        vector_ops=column(None, 0),
        resume_bytes=column(None, 0),
    )


def random_schedule(rng: np.random.Generator) -> TileSchedule:
    """Any mix of streamed, resident and looked-up tiles, small times so that ties are common."""
    tiles = int(rng.integers(1, 25))
    depends_on = [int(rng.integers(-1, tile)) if tile and rng.random() < 0.3 else -1 for tile in range(tiles)]
    return schedule(
        fetch_bytes=list(rng.integers(0, 40, tiles) * (rng.random(tiles) < 0.7)),
        decode_cycles=list(rng.integers(0, 9, tiles) * (rng.random(tiles) < 0.7)),
        split=[list(rng.integers(0, 4, 4)) for _ in range(tiles)],
        vector_cycles=list(rng.integers(0, 12, tiles) * (rng.random(tiles) < 0.3)),
        depends_on=depends_on,
        output_bytes=list(rng.integers(0, 60, tiles) * (rng.random(tiles) < 0.2)),
    )


def chip_with(fetch_buffers: int, weight_buffers: int, bytes_per_cycle: int, latency: int) -> ChipSpec:
    """The chip of ``az1`` with other buffers and another port."""
    az1 = load_device("az1").chip
    sram = msgspec.structs.replace(az1.sram, fetch_buffers=fetch_buffers, weight_buffers=weight_buffers)
    port = msgspec.structs.replace(az1.port, bytes_per_cycle=bytes_per_cycle, latency_cycles=latency)
    return msgspec.structs.replace(az1, sram=sram, port=port)


def random_chip(rng: np.random.Generator) -> ChipSpec:
    """One to three buffers of each kind, a narrow port, a short latency."""
    buffers = rng.integers(1, 4, 2)
    return chip_with(int(buffers[0]), int(buffers[1]), int(rng.integers(1, 9)), int(rng.integers(0, 12)))
