"""Inside the DRAM: banks with an open row each, refresh, and a data bus that turns round, in compiled functions.

::

    bank 0  [row]   ACT..RD..RD....PRE..ACT..RD        per bank: when it may activate, precharge, take a column command
    bank 1  [row]        ACT..RD...........PRE         all banks: tRRD, four activates per tFAW, refresh every tREFI
    bus     ────────────────[D][D][D]──────────        reads follow reads at once; a change of direction costs a gap

`column_time` says when an access could have its column command, `access` lets it have it. Accesses are decided one by
one, each so early that the next row can be opened behind the data of the one before. Commands have a bus of their own
that is never short. Addresses: a page, then the next bank, then the next row.

**Source:** rules of JEDEC's LPDDR parts as gem5's ``src/mem/dram_interface.cc`` keeps them, event by event.
"""

from __future__ import annotations

import numpy as np

from azsim.compiled import njit
from azsim.devices.dram_parts import DramTimings

_TIMINGS = 16
"""Where the timings begin in ``config``."""

(_BANKS, _PAGE, _BURST_BYTES, _BURST, _RCD, _RP, _RP_ALL, _RAS, _RRD, _FAW, _READ, _WRITE, _RTP, _WR, _WTR, _RTW,
 _RFC, _REFI) = range(_TIMINGS, _TIMINGS + 18)  # fmt: skip

CONFIG_CELLS = _TIMINGS + 18

_STATE = 16
"""Where the DRAM begins in ``state``."""

_REFRESH_DUE, _LAST_ACTIVATE, _READ_OK, _WRITE_OK, _OLDEST = range(_STATE, _STATE + 5)
_ACTIVATES = _STATE + 5
_BANK = _ACTIVATES + 4
_ROW, _ACTIVATE_OK, _PRECHARGE_OK, _COLUMN_OK = range(4)
_BANK_CELLS = 4

_LONG_AGO = -(2**40)


def config_cells(timings: DramTimings, burst_ps: int) -> list[int]:
    """The timings in the order of ``config``, a burst taking ``burst_ps``."""
    return [
        timings.banks, timings.page_bytes, timings.burst_bytes, burst_ps, timings.rcd_ps, timings.rp_ps,
        timings.rp_all_ps, timings.ras_ps, timings.rrd_ps, timings.faw_ps, timings.read_latency_ps,
        timings.write_latency_ps, timings.rtp_ps, timings.wr_ps, timings.wtr_ps, timings.rtw_ps, timings.rfc_ps,
        timings.refi_ps,
    ]  # fmt: skip


def initial_state(timings: DramTimings) -> np.ndarray:
    """All banks closed, the first refresh due after tREFI; int64, the loop's own cells 0."""
    state = np.zeros(_BANK + timings.banks * _BANK_CELLS, np.int64)
    state[_REFRESH_DUE] = timings.refi_ps
    state[_LAST_ACTIVATE] = state[_READ_OK] = state[_WRITE_OK] = _LONG_AGO
    state[_ACTIVATES : _ACTIVATES + 4] = _LONG_AGO
    state[_BANK + _ROW :: _BANK_CELLS] = -1
    return state


@njit(cache=True, nogil=True)
def refresh(config, state, now):
    """Do the refresh that is due by ``now``, if one is; those that fell due while nobody asked went by unnoticed."""
    late = now - state[_REFRESH_DUE]
    if late < 0:
        return
    due = state[_REFRESH_DUE] + late // config[_REFI] * config[_REFI]
    begin = due
    opened = False
    for bank in range(config[_BANKS]):
        cell = _BANK + bank * _BANK_CELLS
        if state[cell + _ROW] >= 0:
            opened = True
            begin = max(begin, state[cell + _PRECHARGE_OK])
        else:
            begin = max(begin, state[cell + _ACTIVATE_OK])
    end = begin + (config[_RP_ALL] if opened else 0) + config[_RFC]
    for bank in range(config[_BANKS]):
        cell = _BANK + bank * _BANK_CELLS
        state[cell + _ROW] = -1
        state[cell + _ACTIVATE_OK] = end
    state[_REFRESH_DUE] = due + config[_REFI]


@njit(cache=True, nogil=True)
def _activate_time(config, state, cell, row, now):
    """When the row could be opened; meaningless if it is open."""
    at = now
    if state[cell + _ROW] >= 0:
        at = max(at, state[cell + _PRECHARGE_OK]) + config[_RP]
    at = max(at, state[cell + _ACTIVATE_OK])
    return max(at, max(state[_LAST_ACTIVATE] + config[_RRD], state[_ACTIVATES + state[_OLDEST]] + config[_FAW]))


@njit(cache=True, nogil=True)
def column_time(config, state, address, write, now):
    """When an access decided at ``now`` would have its first column command."""
    page = address // config[_PAGE]
    cell = _BANK + page % config[_BANKS] * _BANK_CELLS
    row = page // config[_BANKS]
    if state[cell + _ROW] == row:
        column = max(now, state[cell + _COLUMN_OK])
    else:
        column = _activate_time(config, state, cell, row, now) + config[_RCD]
    return max(column, state[_WRITE_OK] if write == 1 else state[_READ_OK])


@njit(cache=True, nogil=True)
def access(config, state, address, size_bytes, write, now):
    """Move ``size_bytes`` of one page, decided at ``now``; returns the data's start and end, and the next decision."""
    page = address // config[_PAGE]
    cell = _BANK + page % config[_BANKS] * _BANK_CELLS
    row = page // config[_BANKS]
    column = column_time(config, state, address, write, now)
    if state[cell + _ROW] != row:
        activate = _activate_time(config, state, cell, row, now)
        state[cell + _ROW] = row
        state[cell + _COLUMN_OK] = activate + config[_RCD]
        state[cell + _ACTIVATE_OK] = activate + config[_RAS] + config[_RP]
        state[cell + _PRECHARGE_OK] = activate + config[_RAS]
        state[_LAST_ACTIVATE] = activate
        state[_ACTIVATES + state[_OLDEST]] = activate
        state[_OLDEST] = (state[_OLDEST] + 1) % 4
    bursts = (size_bytes + config[_BURST_BYTES] - 1) // config[_BURST_BYTES]
    busy = bursts * config[_BURST]
    if write == 1:
        start = column + config[_WRITE]
        state[_WRITE_OK] = column + busy
        state[_READ_OK] = start + busy + config[_WTR]
        precharge = start + busy + config[_WR]
    else:
        start = column + config[_READ]
        state[_READ_OK] = column + busy
        state[_WRITE_OK] = start + busy + config[_RTW] - config[_WRITE]
        precharge = column + busy - config[_BURST] + config[_RTP]
    state[cell + _PRECHARGE_OK] = max(state[cell + _PRECHARGE_OK], precharge)
    return start, start + busy, max(now, column + busy - config[_RP] - config[_RCD])
