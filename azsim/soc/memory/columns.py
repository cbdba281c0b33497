"""The cells of the integer arrays that the compiled loop and the Python around it share."""

from __future__ import annotations

FS_PER_BYTE, CHUNK_BYTES, PORT_BYTES, CYCLE_TICKS, LATENCY_TICKS, MERGE_PS, BEATS_BYTES, HOOK, HOLDS = range(9)
"""``config``: DRAM service in femtoseconds per byte; chunk; port's bytes per cycle; cycle and port latency in ticks
(`azsim.devices.clock`); largest gap within one row of the log; the processor's chunk: whole beats of its port; the
arbitration policy's hooks, and whether it holds requests back."""

BANKED, DEVICE_PS, ACCESS_BYTES, REGION_BYTES, TICKS_PER_PS = range(9, 14)
"""``config``: whether banks are modelled; then the part of a latency that the DRAM itself stands for, what one grant
moves, and the size of each client's region of addresses; then ticks of the processor in a picosecond. The DRAM's
timings follow, see ``dram.py``."""

DRAM_FREE, PENDING, ACTIVE, START, TILE, DONE_BYTES, REQUEST, WAITED, LOGGED, NEXT_GRANT = range(10)
"""``state``: when the next grant may be made; waiting requests; then the job of the neural processor: whether there is
one, its start, tile, bytes of it moved, its next chunk's request time (-1: not known yet), time it waited so far; then
rows in the log, and when the next grant is due."""

MOVED, LAST_END, NPU_ADDRESS, READY = range(10, 14)
"""``state``: of the processor's chunk under way, bytes moved and the end of the latest; address of its weights; and
when the chunk is asked for, in ticks of the job. The DRAM's banks follow, see ``dram.py``."""

R_CLIENT, R_WRITE, R_LEFT, R_REQUEST, R_AGE, R_DURATION, R_CHUNK, R_CHUNKS, R_KEY, R_DEADLINE = range(10)
R_PERIOD, R_BYTES, R_FIRST, R_MOVED, R_LAST_END, R_ADDRESS = range(10, 16)
"""Columns of ``queue``: one waiting request. Its client spreads ``R_DURATION`` of own time over ``R_CHUNKS`` chunks.
With a period it is not over at its end: the same ``R_BYTES`` are requested again a period after their first request.
``R_MOVED`` and ``R_LAST_END`` are of the chunk under way. ``R_ADDRESS`` is -1 where lines lie scattered."""

REQUEST_COLUMNS = 16

READ_BYTES, WRITE_BYTES, BUSY_PS, WAITING_PS, GRANTS, LATE = range(6)
"""Columns of ``served``, one row per client; a chunk counts as one grant."""

T_BYTES, T_DECODE, T_LANES, T_VECTOR, T_WRITE, T_FETCH_FREES, T_WEIGHT_FREES, T_DEPENDS, T_ADDRESS = range(9)
"""Rows of ``tiles``: bytes; ticks; indices as in ``chip/pipeline.py``; with banks, bytes from the first tile."""

L_CLIENT, L_WRITE, L_REQUEST, L_START, L_END, L_BYTES, L_NUMBER = range(7)
"""Columns of ``log``; ``L_NUMBER`` is the request's ``R_AGE``, 0 for the neural processor."""

NPU_KEY = 0
"""Completion key of the neural processor's job; requests have keys above it, silent ones -1."""
