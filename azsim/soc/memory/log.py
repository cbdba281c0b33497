"""The log of grants: a row each, or one for neighbours of one client.

::

    client | write | request | start | end | bytes | request's number
"""

from __future__ import annotations

from azsim.compiled import njit
from azsim.soc.memory.columns import L_BYTES, L_CLIENT, L_END, L_NUMBER, L_REQUEST, L_START, L_WRITE, LOGGED


@njit(cache=True, nogil=True)
def enter(log, state, merge, joins, client, write, request, start, end, size_bytes, number):
    """Add a grant to the log, to its last row if it ``joins`` that or follows it closely."""
    row = state[LOGGED] - 1
    same = row >= 0 and log[row, L_CLIENT] == client and log[row, L_WRITE] == write
    if same and ((joins and log[row, L_NUMBER] == number) or start - log[row, L_END] <= merge):
        log[row, L_END] = end
        log[row, L_BYTES] += size_bytes
        return
    row += 1
    state[LOGGED] += 1
    log[row, L_CLIENT] = client
    log[row, L_WRITE] = write
    log[row, L_REQUEST] = request
    log[row, L_START] = start
    log[row, L_END] = end
    log[row, L_BYTES] = size_bytes
    log[row, L_NUMBER] = number
