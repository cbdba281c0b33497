"""When each tile is fetched, decoded, multiplied, finished and written: the tile pipeline, in exact integer time.

::

    transfer_start ──> F fetched ──[Bf buffers]──> D decoded ──[Bw buffers]──> M multiplied ──> V finished ──> W written
                         ^   frees a fetch buffer ──┘   ^   frees a weight buffer ──┘  ^              │
                         └── latency                                                   └── depends_on ┘

For tile i, in order (a term with a negative index is 0, so the first transfer waits for the latency too)::

    F_i = max(F_{i-1}, D_{f(i)} + latency) + ceil(bytes_i / bandwidth)     f(i): the tile that had the fetch buffer
    D_i = max(D_{i-1}, F_i, M_{g(i)}) + d_i                                g(i): the tile that had the weight buffer
    M_i = max(M_{i-1}, D_i, V_{depends_on(i)}) + m_i
    V_i = max(V_{i-1}, M_i) + v_i
    W_i = max(W_{i-1}, V_i) + ceil(output_bytes_i / bandwidth)             writes have a channel of their own

Buffers and resident tiles. A tile that is resident (``fetch_bytes = 0``) is read where it lies: it takes no fetch
buffer, waits for no transfer and pays no latency, so ``F_i = F_{i-1}``. A tile without decoder work
(``decode_cycles = 0``: resident decoded, or a row that is only looked up) takes no weight buffer, so it does not wait
for ``M_{g(i)}``. Hence ``f(i)`` counts back Bf tiles among the *fetched* tiles only, and ``g(i)`` Bw tiles among the
*decoded* tiles only; tiles without a fetch may run ahead of one that is still on its way only as far as the decoder's
and the lanes' order allows.

A device model that arbitrates memory replaces the first line alone: per tile it calls `transfer_start`, moves the bytes
its own way, and hands the end of the transfer to `complete_tile`, which does the other four. Times are integers of
any one unit (cycles here, picoseconds there) and count from the start of the job.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.chip.schedule import TileSchedule
from azsim.compiled import njit
from azsim.devices.chip_spec import ChipSpec

FETCHED, DECODED, MULTIPLIED, FINISHED, WRITTEN = 0, 1, 2, 3, 4
"""Rows of the ``times`` array ``(5, tiles)``."""


@dataclass(frozen=True, slots=True)
class PipelineResult:
    """When everything happened.

    Attributes:
        times: int64 ``(5, tiles)``: F, D, M, V, W of each tile, in cycles from the start of the job.
        fetch_frees, weight_frees: int64 ``(tiles,)``: ``f(i)`` and ``g(i)``, -1 where nothing is waited for.
        total_cycles: the end of the last event, 0 for an empty schedule.
    """

    times: np.ndarray
    fetch_frees: np.ndarray
    weight_frees: np.ndarray
    total_cycles: int


def buffer_owners(takes_buffer: np.ndarray, buffers: int) -> np.ndarray:
    """For each tile, the earlier tile whose buffer it reuses, or -1.

    Args:
        takes_buffer: bool ``(tiles,)``: tiles that occupy a buffer of this kind.
        buffers: how many there are, used in turn.
    """
    owners = np.full(takes_buffer.size, -1, np.int64)
    users = np.flatnonzero(takes_buffer)
    owners[users[buffers:]] = users[: users.size - min(buffers, users.size)]
    return owners


def fetch_owners(schedule: TileSchedule, chip: ChipSpec) -> np.ndarray:
    """``f(i)``: the tile whose fetch buffer tile i reuses, or -1; int64 ``(tiles,)``."""
    return buffer_owners(schedule.fetch_bytes > 0, chip.sram.fetch_buffers)


def weight_owners(schedule: TileSchedule, chip: ChipSpec) -> np.ndarray:
    """``g(i)``: the tile whose weight buffer tile i reuses, or -1; int64 ``(tiles,)``."""
    return buffer_owners(schedule.decode_cycles > 0, chip.sram.weight_buffers)


@njit(cache=True, nogil=True)
def transfer_start(tile, frees, latency, times):
    """When the first byte of fetched tile ``tile`` may move; for a resident tile take ``times[0, tile-1]`` instead.

    Args:
        tile: its index; all tiles before it are complete.
        frees: ``f(tile)``.
        latency: of the port, in the unit of ``times``.
        times: int64 ``(5, tiles)``.
    """
    start = latency
    if frees >= 0:
        start += times[DECODED, frees]
    if tile > 0:
        start = max(start, times[FETCHED, tile - 1])
    return start


@njit(cache=True, nogil=True)
def complete_tile(tile, fetched, decode, multiply, vector, write, frees, depends_on, times):
    """Enter all five times of tile ``tile``, given when it was fetched; returns when it was decoded.

    Args:
        tile: its index; all tiles before it are complete.
        fetched: ``F_tile`` (for a resident tile, ``F_{tile-1}`` or 0).
        decode, multiply, vector, write: durations, in the unit of ``times``.
        frees: ``g(tile)``.
        depends_on: tile whose vector result is the input, or -1.
        times: int64 ``(5, tiles)``, written at column ``tile``.
    """
    decoded = fetched
    multiplied = np.int64(0)
    finished = np.int64(0)
    written = np.int64(0)
    if tile > 0:
        decoded = max(decoded, times[DECODED, tile - 1])
        multiplied = times[MULTIPLIED, tile - 1]
        finished = times[FINISHED, tile - 1]
        written = times[WRITTEN, tile - 1]
    if frees >= 0:
        decoded = max(decoded, times[MULTIPLIED, frees])
    decoded += decode
    multiplied = max(multiplied, decoded)
    if depends_on >= 0:
        multiplied = max(multiplied, times[FINISHED, depends_on])
    multiplied += multiply
    finished = max(finished, multiplied) + vector
    written = max(written, finished) + write
    times[FETCHED, tile] = fetched
    times[DECODED, tile] = decoded
    times[MULTIPLIED, tile] = multiplied
    times[FINISHED, tile] = finished
    times[WRITTEN, tile] = written
    return decoded


@njit(cache=True, nogil=True)
def _run(fetch, decode, multiply, vector, write, fetch_frees, weight_frees, depends_on, latency, times):
    for tile in range(fetch.size):
        fetched = times[FETCHED, tile - 1] if tile > 0 else np.int64(0)
        if fetch[tile] > 0:
            fetched = transfer_start(tile, fetch_frees[tile], latency, times) + fetch[tile]
        work = (decode[tile], multiply[tile], vector[tile], write[tile])
        complete_tile(tile, fetched, *work, weight_frees[tile], depends_on[tile], times)


def transfer_cycles(size_bytes: np.ndarray, chip: ChipSpec) -> np.ndarray:
    """Cycles that the port is busy with so many bytes, int64: ``ceil(bytes / bytes_per_cycle)``."""
    return -(-size_bytes // chip.port.bytes_per_cycle)


def run_pipeline(schedule: TileSchedule, chip: ChipSpec) -> PipelineResult:
    """Play a schedule on the chip alone: nobody else uses the memory, which keeps up with the port.

    **Source:** the buffer recurrences are those of any double-buffered accelerator (for example SCALE-Sim v3's
    double-buffered scratchpads); order and terms `assumed`.
    """
    times = np.zeros((5, len(schedule)), np.int64)
    fetch_frees, weight_frees = fetch_owners(schedule, chip), weight_owners(schedule, chip)
    _run(
        transfer_cycles(schedule.fetch_bytes, chip),
        schedule.decode_cycles,
        schedule.lane_cycles,
        schedule.vector_cycles,
        transfer_cycles(schedule.output_bytes, chip),
        fetch_frees,
        weight_frees,
        schedule.depends_on,
        np.int64(chip.port.latency_cycles),
        times,
    )
    total = int(times[WRITTEN, -1]) if len(schedule) else 0
    return PipelineResult(times=times, fetch_frees=fetch_frees, weight_frees=weight_frees, total_cycles=total)
