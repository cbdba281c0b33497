"""The compiled loop of the ``burst`` and ``bank`` memories: grants one after another, the processor's tiles among them.

::

    playback ─┐
    microph. ─┤  requests wait      ┌────────┐ burst: a chunk, bytes / rate
    cpu ──────┼──> policy's table ──>  DRAM  ├───────────────────────────> completions
    network ──┤    (held, rank,     └────────┘ bank: 64 bytes, `dram.access`
    npu ──────┘     then age)
              a chunk at a time, paced by its port ──> F ──> D ──> M ──> V ──> W

`advance` goes on until the next grant would fall at or after the horizon: the time of the next event outside, which
may bring a new request. A completion found on the way draws the horizon in, because whoever waits for it may ask for
something new then. So no grant is ever made without knowledge of all requests that were there at its time.

With banks, the chunks of one rank are interleaved access by access: first the one whose data could come soonest (an
open row, a bus that need not turn round), unless one has waited for ``STARVED_PS``; a higher rank goes before at the
next access. A latency then counts from DEVICE_PS later, because the DRAM's part of it is played out.
"""

from __future__ import annotations

import numpy as np

from azsim.arbitration.hooks import on_finish, on_grant
from azsim.arbitration.policy import HELD, HOLD_FS, RANK
from azsim.chip.pipeline import FETCHED, WRITTEN, complete_tile, transfer_start
from azsim.compiled import njit
from azsim.soc.environment import NEVER
from azsim.soc.memory.columns import (
    ACCESS_BYTES,
    ACTIVE,
    BANKED,
    BEATS_BYTES,
    BUSY_PS,
    CHUNK_BYTES,
    CYCLE_TICKS,
    DEVICE_PS,
    DONE_BYTES,
    DRAM_FREE,
    FS_PER_BYTE,
    GRANTS,
    HOLDS,
    HOOK,
    LAST_END,
    LATE,
    LATENCY_TICKS,
    LOGGED,
    MERGE_PS,
    MOVED,
    NEXT_GRANT,
    NPU_ADDRESS,
    NPU_KEY,
    PENDING,
    PORT_BYTES,
    R_AGE,
    R_BYTES,
    R_CHUNK,
    R_CHUNKS,
    R_CLIENT,
    R_DEADLINE,
    R_DURATION,
    R_FIRST,
    R_KEY,
    R_LAST_END,
    R_LEFT,
    R_MOVED,
    R_PERIOD,
    R_REQUEST,
    R_WRITE,
    READ_BYTES,
    READY,
    REQUEST,
    START,
    T_ADDRESS,
    T_BYTES,
    T_DECODE,
    T_DEPENDS,
    T_FETCH_FREES,
    T_LANES,
    T_VECTOR,
    T_WEIGHT_FREES,
    T_WRITE,
    TICKS_PER_PS,
    TILE,
    WAITED,
    WAITING_PS,
    WRITE_BYTES,
)  # fmt: skip
from azsim.soc.memory.dram import access, column_time, refresh
from azsim.soc.memory.log import enter
from azsim.soc.memory.regions import row_address

STARVED_PS = 2_000_000
"""An access that has waited so long goes before open rows. **Source:** `assumed`."""


@njit(cache=True, nogil=True)
def _from(table, client, asked, size_bytes):
    """When a request for a chunk may be granted at the earliest."""
    return max(asked, table[HELD, client] + (size_bytes * table[HOLD_FS, client] + 999) // 1000)


@njit(cache=True, nogil=True)
def _row_from(config, table, queue, row):
    asked = queue[row, R_REQUEST]
    if queue[row, R_MOVED] > 0:
        return asked
    return _from(table, queue[row, R_CLIENT], asked, min(config[CHUNK_BYTES], queue[row, R_LEFT]))


@njit(cache=True, nogil=True)
def _soonest(config, state, address, write, asked, grant):
    """The order among accesses of one rank, lowest first."""
    if grant - asked > STARVED_PS:
        return np.int64(0)
    return column_time(config, state, address, write, grant)


@njit(cache=True, nogil=True)
def advance(until, npu, config, table, state, queue, served, tiles, times, completions, log):
    """Grant everything that can be granted before ``until``; returns the number of completions.

    Args:
        until: horizon, absolute picoseconds.
        npu: row of the neural processor among the clients.
        config, state: int64, see ``columns.py`` and ``dram.py``.
        table: int64 ``(rows, clients)``, of the arbitration policy.
        queue: int64 ``(capacity, 16)``; the first ``state[PENDING]`` rows are waiting requests.
        served: int64 ``(clients, 6)``, added to.
        tiles, times: int64 ``(8, tiles)`` (9 with banks) and ``(5, tiles)``, of the job under way; times are ticks from
            its start, so that cycles stay exact. A request falls due at the next picosecond.
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
    due = state[READY]
    per_ps = config[TICKS_PER_PS]
    banked = config[BANKED] == 1
    hook = config[HOOK]
    holds = config[HOLDS] == 1
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
                due = transfer_start(tile, tiles[T_FETCH_FREES, tile], config[LATENCY_TICKS], times)
                request = start + (due + per_ps - 1) // per_ps - config[DEVICE_PS]
                done = np.int64(0)
            else:
                end = start + (times[WRITTEN, last] + per_ps - 1) // per_ps if last >= 0 else start
                completions[count, 0] = NPU_KEY
                completions[count, 1] = end
                count += 1
                active = np.int64(0)
                until = min(until, end)

        own = np.int64(NEVER)
        if active == 1:
            own = request
            if holds and state[MOVED] == 0:
                own = _from(table, npu, request, min(config[BEATS_BYTES], tiles[T_BYTES, tile] - done))
        if stale:
            others = np.int64(NEVER)
            for row in range(pending):
                others = min(others, _row_from(config, table, queue, row) if holds else queue[row, R_REQUEST])
            stale = False
        grant = max(free, min(own, others))
        if grant >= until or (log.shape[0] > 0 and state[LOGGED] >= log.shape[0]):
            break
        if banked:
            refresh(config, state, grant)

        # the request to grant: lowest rank, then soonest data, then oldest, then first submitted, of those that may go
        best = np.int64(-1)
        best_rank = np.int64(NEVER)
        best_soon = np.int64(0)
        asked = np.int64(NEVER)
        if own <= grant:
            best_rank = table[RANK, npu]
            asked = request
            if banked:
                address = state[NPU_ADDRESS] + tiles[T_ADDRESS, tile] + done + state[MOVED]
                best_soon = _soonest(config, state, address, 0, asked, grant)
        for row in range(pending if others <= grant else 0):
            row_asked = queue[row, R_REQUEST]
            if row_asked > grant or (holds and _row_from(config, table, queue, row) > grant):
                continue
            row_rank = table[RANK, queue[row, R_CLIENT]]
            if row_rank > best_rank:
                continue
            soon = np.int64(0)
            if banked:
                address = row_address(config, queue, row)
                soon = _soonest(config, state, address, queue[row, R_WRITE], row_asked, grant)
            better = row_rank < best_rank
            if not better:
                better = soon < best_soon
                if soon == best_soon:
                    better = row_asked < asked
                    if row_asked == asked:
                        better = best < 0 or queue[row, R_AGE] < queue[best, R_AGE]
            if better:
                best = np.int64(row)
                best_rank = row_rank
                best_soon = soon
                asked = row_asked

        if best < 0:
            client = np.int64(npu)
            write = np.int64(0)
            left = tiles[T_BYTES, tile] - done
            chunk_bytes = min(config[BEATS_BYTES], left)
            moved = state[MOVED]
            since = state[LAST_END] if moved > 0 else asked
            number = np.int64(0)
        else:
            client = queue[best, R_CLIENT]
            write = queue[best, R_WRITE]
            left = queue[best, R_LEFT]
            chunk_bytes = min(config[CHUNK_BYTES], left)
            moved = queue[best, R_MOVED]
            since = queue[best, R_LAST_END] if moved > 0 else asked
            number = queue[best, R_AGE]
        if moved == 0:
            served[client, GRANTS] += 1
            if hook > 0:
                on_grant(hook, table, client, chunk_bytes, grant)

        if banked:
            size = min(config[ACCESS_BYTES], chunk_bytes - moved)
            if best < 0:
                address = state[NPU_ADDRESS] + tiles[T_ADDRESS, tile] + done + moved
            else:
                address = row_address(config, queue, best)
            begin, end, free = access(config, state, address, size, write, grant)
        else:
            size = chunk_bytes
            begin = grant
            end = grant + (size * config[FS_PER_BYTE] + 999) // 1000
            free = end
            wait = grant - asked
        served[client, WRITE_BYTES if write == 1 else READ_BYTES] += size
        served[client, BUSY_PS] += end - begin
        if log.shape[0] > 0:
            enter(log, state, config[MERGE_PS], moved > 0, client, write, since, begin, end, size, number)
        stale = stale or best >= 0 or holds
        if banked:
            moved += size
            over = moved == chunk_bytes
            if best < 0:
                state[MOVED] = 0 if over else moved
                state[LAST_END] = end
            else:
                queue[best, R_MOVED] = 0 if over else moved
                queue[best, R_LAST_END] = end
            if not over:
                continue
            quiet = config[DEVICE_PS] + (chunk_bytes * config[FS_PER_BYTE] + 999) // 1000
            wait = max(np.int64(0), end - asked - quiet)
        served[client, WAITING_PS] += wait
        if hook > 0:
            on_finish(hook, table, client, end - asked)
        if best < 0:
            state[WAITED] += wait
            port = (chunk_bytes + config[PORT_BYTES] - 1) // config[PORT_BYTES]
            due = max(due + wait * per_ps + port * config[CYCLE_TICKS], (end - start) * per_ps)
            done += chunk_bytes
            if chunk_bytes < left:
                request = start + (due + per_ps - 1) // per_ps - config[DEVICE_PS]
            else:
                complete_tile(
                    tile, due, tiles[T_DECODE, tile], tiles[T_LANES, tile], tiles[T_VECTOR, tile],
                    tiles[T_WRITE, tile], tiles[T_WEIGHT_FREES, tile], tiles[T_DEPENDS, tile], times,
                )  # fmt: skip
                tile += 1
                request = np.int64(-1)
            continue

        chunk = queue[best, R_CHUNK]
        chunks = queue[best, R_CHUNKS]
        spent = queue[best, R_DURATION] * (chunk + 1) // chunks - queue[best, R_DURATION] * chunk // chunks
        ready = max(asked + wait + spent, end)
        if chunk_bytes < left:
            queue[best, R_LEFT] = left - chunk_bytes
            queue[best, R_CHUNK] = chunk + 1
            queue[best, R_REQUEST] = ready
            continue
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
    state[READY] = due
    state[NEXT_GRANT] = grant
    return count
