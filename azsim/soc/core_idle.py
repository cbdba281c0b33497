"""What cores do while they have nothing to do, and what all of it costs: the ladder of idle states, and core energy.

::

    busy ──> wait for interrupt ──(min residency)──> core sleep ──(all cores, min residency)──> cluster sleep
      ^           │ exit                                │ entry, exit                              │
      └───────────┴─────────────────────────────────────┴──────────── a job ─────────────────────────┘

A core enters the shallowest state at once, and the next deeper one when it has been idle for that state's least
residency: a timeout, since nobody knows the length of an idle stretch beforehand. A job that finds the core in a state
waits for the exit, and before that for the rest of the entry if it is still under way. States whose exit takes longer
than ``idle_latency_limit_us`` are not entered, as Linux's ``cpu_dma_latency`` forbids them.

**Source:** states and times in the device file; the timeout rule `assumed`, after Linux's ``ladder`` governor.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

from azsim.devices.cpu_spec import CpuSpec


class Busy(NamedTuple):
    """A core was running, or waking up to run, at some power."""

    core: int
    start_ps: int
    end_ps: int
    power_uw: int


class _State(NamedTuple):
    entry_ps: int
    exit_ps: int
    residency_ps: int
    power_uw: int
    all_cores: bool


class IdleLadder:
    """The states that a device's cores may enter, shallowest first."""

    def __init__(self, spec: CpuSpec) -> None:
        limit = spec.idle_latency_limit_us
        states = [
            _State(
                round(state.entry_us * 1e6),
                round(state.exit_us * 1e6),
                round(state.min_residency_us * 1e6),
                round(state.power_mw * 1e3),
                state.all_cores,
            )
            for index, state in enumerate(spec.idle_states)
            if index == 0 or state.exit_us <= limit
        ]
        self._cores = spec.cores
        self._own = [state for state in states if not state.all_cores]
        self._shared = [state for state in states if state.all_cores]

    def exit_ps(self, idle_ps: int, all_idle_ps: int) -> int:
        """How long a core takes to be back: the rest of an entry under way, and the exit.

        Args:
            idle_ps: for how long this core has been idle.
            all_idle_ps: for how long all of them have; 0 while one runs.
        """
        own_ps = _exit(self._own, idle_ps)
        if self._shared and all_idle_ps >= self._shared[0].residency_ps:
            return max(own_ps, _exit(self._shared, all_idle_ps))
        return own_ps

    def energy_uw_ps(self, busy: Sequence[Busy], until_ps: int) -> int:
        """Energy of all cores from time 0 to ``until_ps``, in microwatt-picoseconds (exact).

        Args:
            busy: every stretch in which a core ran, in any order; those beyond ``until_ps`` are cut.
            until_ps: end of the account.
        """
        total = 0
        by_core: list[list[tuple[int, int]]] = [[] for _ in range(self._cores)]
        for core, start_ps, end_ps, power_uw in busy:
            if start_ps < until_ps:
                cut_ps = min(end_ps, until_ps)
                total += (cut_ps - start_ps) * power_uw
                by_core[core].append((start_ps, cut_ps))
        for stretches in by_core:
            total += sum(_ladder_uw_ps(self._own, gap_ps) for gap_ps in _gaps(stretches, until_ps))
        if self._shared:
            total += sum(self._shared_uw_ps(gap_ps) for gap_ps in _gaps([*chain(*by_core)], until_ps))
        return total

    def _shared_uw_ps(self, gap_ps: int) -> int:
        """What the states of all cores together change in a stretch in which all were idle."""
        deepest_uw = self._own[-1].power_uw * self._cores
        asleep_ps = max(0, gap_ps - self._shared[0].residency_ps)
        return _ladder_uw_ps(self._shared, gap_ps) - deepest_uw * asleep_ps


def _exit(states: Sequence[_State], idle_ps: int) -> int:
    deepest = states[0]
    for state in states:
        if state.residency_ps <= idle_ps:
            deepest = state
    return max(0, deepest.residency_ps + deepest.entry_ps - idle_ps) + deepest.exit_ps


def _ladder_uw_ps(states: Sequence[_State], gap_ps: int) -> int:
    """Energy of one idle stretch: from its least residency on, each state draws its power instead of the last."""
    total, before_uw = 0, 0
    for state in states:
        if gap_ps > state.residency_ps:
            total += (state.power_uw - before_uw) * (gap_ps - state.residency_ps)
            before_uw = state.power_uw
    return total


def _gaps(stretches: list[tuple[int, int]], until_ps: int) -> list[int]:
    """Lengths of what lies between ``stretches`` (they may overlap) from 0 to ``until_ps``."""
    gaps, reached = [], 0
    for start, end in sorted(stretches):
        if start > reached:
            gaps.append(start - reached)
        reached = max(reached, end)
    if until_ps > reached:
        gaps.append(until_ps - reached)
    return gaps
