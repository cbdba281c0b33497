"""The compiled loop of the ``burst`` memory: grants chunks one by one and plays the neural processor's tiles with them.

::

    playback ─┐
    microph. ─┤  requests wait     ┌────────┐ busy bytes/rate
    cpu ──────┼──> rank, age ──────>  DRAM  ├────────────────> completions
    network ──┤                    └────────┘
    npu ──────┘  one chunk at a time, paced by its port ──> F ──> D ──> M ──> V ──> W

`advance` goes on until the next grant would fall at or after the horizon: the time of the next event outside, which
may bring a new request. A completion found on the way draws the horizon in, because whoever waits for it may ask for
something new then. So no grant is ever made without knowledge of all requests that were there at its time.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from azsim.chip.pipeline import FETCHED, WRITTEN, complete_tile, transfer_start

NEVER = 2**62
"""A time that does not come, in picoseconds."""

FS_PER_BYTE, CHUNK_BYTES, PORT_BYTES, CYCLE_PS, LATENCY_PS, MERGE_PS, BEATS_BYTES = range(7)
"""``config``: DRAM service in femtoseconds per byte; chunk; port's bytes per cycle; cycle; port latency; largest gap
within one row of the log; the processor's chunk: whole beats of its port."""

DRAM_FREE, PENDING, ACTIVE, START, TILE, DONE_BYTES, REQUEST, WAITED, LOGGED, NEXT_GRANT = range(10)
"""``state``: when DRAM is free; waiting requests; then the job of the neural processor: whether there is one, its
start, tile, bytes of it moved, its next chunk's request time (-1: not known yet), time it waited so far; then rows in
the log, and when the next grant is due."""

R_CLIENT, R_WRITE, R_LEFT, R_REQUEST, R_AGE, R_DURATION, R_CHUNK, R_CHUNKS, R_KEY, R_DEADLINE = range(10)
R_PERIOD, R_BYTES, R_FIRST = range(10, 13)
"""Columns of ``queue``: one waiting request. Its client spreads ``R_DURATION`` of own time over ``R_CHUNKS`` chunks.
With a period it is not over at its end: the same ``R_BYTES`` are requested again a period after their first request."""

READ_BYTES, WRITE_BYTES, BUSY_PS, WAITING_PS, GRANTS, LATE = range(6)
"""Columns of ``served``, one row per client."""

T_BYTES, T_DECODE, T_LANES, T_VECTOR, T_WRITE, T_FETCH_FREES, T_WEIGHT_FREES, T_DEPENDS = range(8)
"""Rows of ``tiles``: bytes; picoseconds; indices as in ``chip/pipeline.py``."""

L_CLIENT, L_WRITE, L_REQUEST, L_START, L_END, L_BYTES, L_NUMBER = range(7)
"""Columns of ``log``; ``L_NUMBER`` is the request's ``R_AGE``, 0 for the neural processor."""

NPU_KEY = 0
"""Completion key of the neural processor's job; requests have keys above it, silent ones -1."""


@njit(cache=True, nogil=True)
def advance(until, npu, config, rank, state, queue, served, tiles, times, completions, log):
    """Grant every chunk that can be granted before ``until``; returns the number of completions.

    Args:
        until: horizon, absolute picoseconds.
        npu: row of the neural processor among the clients.
        config, state: int64, as named above.
        rank: int64 ``(clients,)``, of the arbitration policy.
        queue: int64 ``(capacity, 13)``; the first ``state[PENDING]`` rows are waiting requests.
        served: int64 ``(clients, 6)``, added to.
        tiles, times: int64 ``(8, tiles)`` and ``(5, tiles)``, of the job under way; times count from its start.
        completions: int64 ``(capacity + 1, 2)``: key and time, written.
        log: int64 ``(rows, 7)``, written from row ``state[LOGGED]``; none if it has no rows. When it is full the loop
            returns with ``state[NEXT_GRANT]`` before ``until``: give it a longer one and call again.
    """
    count = 0
    free = state[DRAM_FREE]
    pending = state[PENDING]
    active = state[ACTIVE]
    start = state[START]
    tile = state[TILE]
    done = state[DONE_BYTES]
    request = state[REQUEST]
    last = tiles.shape[1] - 1
    others = np.int64(NEVER)  # the earliest request of the others, as long as it is not stale
    stale = True
    while True:
        if active == 1 and request < 0:
            while tile <= last and tiles[T_BYTES, tile] == 0:
                before = times[FETCHED, tile - 1] if tile > 0 else np.int64(0)
                complete_tile(
                    tile, before, tiles[T_DECODE, tile], tiles[T_LANES, tile], tiles[T_VECTOR, tile],
                    tiles[T_WRITE, tile], tiles[T_WEIGHT_FREES, tile], tiles[T_DEPENDS, tile], times,
                )  # fmt: skip
                tile += 1
            if tile <= last:
                request = start + transfer_start(tile, tiles[T_FETCH_FREES, tile], config[LATENCY_PS], times)
                done = np.int64(0)
            else:
                end = start + times[WRITTEN, last] if last >= 0 else start
                completions[count, 0] = NPU_KEY
                completions[count, 1] = end
                count += 1
                active = np.int64(0)
                until = min(until, end)

        # the request to grant: lowest rank, then oldest, then first submitted, among those that are there
        if stale:
            others = np.int64(NEVER)
            for row in range(pending):
                others = min(others, queue[row, R_REQUEST])
            stale = False
        grant = max(free, min(request, others) if active == 1 else others)
        if grant >= until or (log.shape[0] > 0 and state[LOGGED] >= log.shape[0]):
            break
        best = np.int64(-1)
        best_rank = np.int64(NEVER)
        best_request = np.int64(NEVER)
        if active == 1 and request <= grant:
            best_rank = rank[npu]
            best_request = request
        for row in range(pending if others <= grant else 0):
            asked = queue[row, R_REQUEST]
            if asked > grant:
                continue
            row_rank = rank[queue[row, R_CLIENT]]
            better = row_rank < best_rank
            if row_rank == best_rank:
                better = asked < best_request
                if asked == best_request:
                    better = best < 0 or queue[row, R_AGE] < queue[best, R_AGE]
            if better:
                best = np.int64(row)
                best_rank = row_rank
                best_request = asked

        client = np.int64(npu)
        write = np.int64(0)
        chunk_bytes = config[CHUNK_BYTES]
        if best < 0:
            left = tiles[T_BYTES, tile] - done
            chunk_bytes = config[BEATS_BYTES]
        else:
            client = queue[best, R_CLIENT]
            write = queue[best, R_WRITE]
            left = queue[best, R_LEFT]
        size = min(chunk_bytes, left)
        free = grant + (size * config[FS_PER_BYTE] + 999) // 1000
        served[client, WRITE_BYTES if write == 1 else READ_BYTES] += size
        served[client, BUSY_PS] += free - grant
        served[client, WAITING_PS] += grant - best_request
        served[client, GRANTS] += 1
        if log.shape[0] > 0:
            row = state[LOGGED] - 1
            if (
                row >= 0
                and log[row, L_CLIENT] == client
                and log[row, L_WRITE] == write
                and grant - log[row, L_END] <= config[MERGE_PS]
            ):
                log[row, L_END] = free
                log[row, L_BYTES] += size
            else:
                row += 1
                state[LOGGED] += 1
                log[row, L_CLIENT] = client
                log[row, L_WRITE] = write
                log[row, L_REQUEST] = best_request
                log[row, L_START] = grant
                log[row, L_END] = free
                log[row, L_BYTES] = size
                log[row, L_NUMBER] = queue[best, R_AGE] if best >= 0 else 0

        if best < 0:
            state[WAITED] += grant - request
            port = (size + config[PORT_BYTES] - 1) // config[PORT_BYTES]
            arrived = max(grant + port * config[CYCLE_PS], free)
            done += size
            if size < left:
                request = arrived
            else:
                complete_tile(
                    tile, arrived - start, tiles[T_DECODE, tile], tiles[T_LANES, tile], tiles[T_VECTOR, tile],
                    tiles[T_WRITE, tile], tiles[T_WEIGHT_FREES, tile], tiles[T_DEPENDS, tile], times,
                )  # fmt: skip
                tile += 1
                request = np.int64(-1)
        else:
            stale = True
            chunk = queue[best, R_CHUNK]
            chunks = queue[best, R_CHUNKS]
            own = queue[best, R_DURATION] * (chunk + 1) // chunks - queue[best, R_DURATION] * chunk // chunks
            ready = max(grant + own, free)
            if size < left:
                queue[best, R_LEFT] = left - size
                queue[best, R_CHUNK] = chunk + 1
                queue[best, R_REQUEST] = ready
            else:
                if ready > queue[best, R_DEADLINE]:
                    served[client, LATE] += 1
                if queue[best, R_PERIOD] > 0:
                    queue[best, R_FIRST] += queue[best, R_PERIOD]
                    queue[best, R_REQUEST] = queue[best, R_FIRST]
                    queue[best, R_LEFT] = queue[best, R_BYTES]
                    queue[best, R_CHUNK] = 0
                    continue
                if queue[best, R_KEY] >= 0:
                    completions[count, 0] = queue[best, R_KEY]
                    completions[count, 1] = ready
                    count += 1
                    until = min(until, ready)
                pending -= 1
                for column in range(queue.shape[1]):
                    queue[best, column] = queue[pending, column]

    state[DRAM_FREE] = free
    state[PENDING] = pending
    state[ACTIVE] = active
    state[TILE] = tile
    state[DONE_BYTES] = done
    state[REQUEST] = request
    state[NEXT_GRANT] = grant
    return count
