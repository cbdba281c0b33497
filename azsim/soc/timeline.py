"""What happened on the device, when, and what it moved: the record every metric and figure is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from azsim.arbitration import BOARD
from azsim.chip.schedule import TileSchedule
from azsim.devices.clock import Clock
from azsim.soc.downstream import DownstreamRecord
from azsim.summary import Summarised


@dataclass(frozen=True, slots=True)
class Span:
    """An engine was busy.

    Attributes:
        track: ``npu``, ``cpu0``.., ``dram``, ``microphone``, ``playback`` or ``network``.
        step: of the utterance, -1 if it belongs to none.
        asked_ps: when it was asked for, -1 if it was not queued; until ``start_ps`` it waited for the engine.
        request: number of its request in the memory's log, 0 if it had none.
    """

    track: str
    name: str
    start_ps: int
    end_ps: int
    step: int = -1
    asked_ps: int = -1
    request: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class TileRecord:
    """One job of the neural processor, tile by tile.

    Attributes:
        schedule: what it ran.
        step: of the utterance, -1 if it belongs to none.
        start_ps: when it began; ``times`` count from there.
        times: int64 ``(5, tiles)``, ticks of the clock: fetched, decoded, multiplied, finished, written.
        work: int64 ``(8, tiles)``: rows as in ``soc/memory/columns.py`` (``T_BYTES``...), in ticks.
        clock: of the processor.
        latency_cycles: of its port.
    """

    schedule: TileSchedule
    step: int
    start_ps: int
    times: np.ndarray
    work: np.ndarray
    clock: Clock
    latency_cycles: int

    @property
    def times_ps(self) -> np.ndarray:
        """``times`` in whole picoseconds."""
        return -(-self.times // self.clock.ticks_per_ps)


@dataclass(slots=True)
class CompanionRecord:
    """A network that ran beside the recogniser.

    Attributes:
        name: of the network.
        period_ps: from one run to the next, and the deadline of a run.
        responses_ps: of each run that has ended, from its release to its end.
    """

    name: str
    period_ps: int
    responses_ps: list[int] = field(default_factory=list)


def no_grants() -> np.ndarray:
    """A memory's log without rows."""
    return np.zeros((0, 7), np.int64)


@dataclass(frozen=True, slots=True)
class Instant:
    """Something happened: ``underrun``, ``deadline miss``, ``end-point``, ``true end of speech``, ``first word`` or
    ``final words``."""

    track: str
    name: str
    time_ps: int


@dataclass(frozen=True, slots=True)
class LatencyParts:
    """True end of speech to final words, split; the parts add up exactly (picoseconds).

    ``end_pointing_ps`` is None where the true end of speech is not known or came after the end-point.
    """

    end_pointing_ps: int | None
    backlog_ps: int
    npu_ps: int
    search_ps: int
    network_ps: int

    @property
    def wait_ps(self) -> int:
        """End-point to final words: what the device adds to the end-point rule."""
        return self.backlog_ps + self.npu_ps + self.search_ps + self.network_ps

    @property
    def total_ps(self) -> int | None:
        """User-perceived latency; None where it cannot be told."""
        return None if self.end_pointing_ps is None else self.end_pointing_ps + self.wait_ps


@dataclass(frozen=True, slots=True, repr=False)
class Timeline(Summarised):
    """One utterance on one device.

    Attributes:
        utterance: its name.
        elapsed_ps: from wake (time 0, the utterance's first sample) to the final result.
        spans, instants: in order of time; ``spans`` is empty if no trace was asked for.
        counters: name -> (times_ps, values), for example ``music ring frames``; empty without a trace.
        busy_ps: engine -> busy time (``npu``, ``cpu``, ``dram``, ``playback``, ``network``).
        dram_read_bytes, dram_write_bytes: client -> bytes.
        uplink_bytes, downlink_bytes: over the air, framing included.
        step_release_ps, step_done_ps: int64 ``(steps,)``: release of each step and when its last job ended.
        deadline_misses: steps that ended after the next step's release.
        underruns: playback periods for which the DAC found no sample.
        first_partial_ps: time of the first word on the device after the first label's step was released, -1 if none.
        latency: from true end of speech to final words; None if nothing was recognised.
        early_cut: words were recognised after the end-point, so that they are missing.
        npu_causes_ps: cause (``dram``, ``decoder``, ``lanes``, ``window``, ``imbalance``, ``queue``, ``vector``,
            ``drain``) -> time on the critical path of the NPU's jobs, contention for memory within ``dram``.
        peak_sram_bytes: most on-chip memory in use.
        energy_pj: part -> energy from wake to final result (see ``chip/energy.py`` and ``soc/energy.py``).
        energy_idle_pj: the same parts for the same stretch of time without speech.
        refills_ps: int64: of each packet of music, from room in the ring to its samples in it.
        companions: name -> the runs of each network beside the recogniser.
        known_ps: int64: when each event of the utterance's work was known on the device, -1: its job has not run.
        downstream: what followed the words; None where nothing did.
        window_ps: with a trace: from when to when ``tiles`` are kept and every grant has a row of its own.
        tiles: jobs of the processor that began in the window.
        grants: the memory's log, int64 ``(rows, 7)`` as in ``soc/memory/columns.py``; outside of the window
            neighbours of one client share a row.
        clients: of the memory, in the order of its rows.
    """

    utterance: str
    elapsed_ps: int
    spans: tuple[Span, ...]
    instants: tuple[Instant, ...]
    counters: Mapping[str, tuple[np.ndarray, np.ndarray]]
    busy_ps: Mapping[str, int]
    dram_read_bytes: Mapping[str, int]
    dram_write_bytes: Mapping[str, int]
    uplink_bytes: int
    downlink_bytes: int
    step_release_ps: np.ndarray
    step_done_ps: np.ndarray
    deadline_misses: int
    underruns: int
    first_partial_ps: int
    latency: LatencyParts | None
    early_cut: bool
    npu_causes_ps: Mapping[str, int]
    peak_sram_bytes: int
    energy_pj: Mapping[str, float]
    energy_idle_pj: Mapping[str, float]
    refills_ps: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    companions: Mapping[str, CompanionRecord] = field(default_factory=dict)
    known_ps: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    downstream: DownstreamRecord | None = None
    window_ps: tuple[int, int] = (0, 0)
    tiles: tuple[TileRecord, ...] = ()
    grants: np.ndarray = field(default_factory=no_grants)
    clients: tuple[str, ...] = BOARD

    def facts(self) -> Mapping[str, object]:
        """What it is shown by."""
        return {
            "utterance": self.utterance,
            "elapsed_ms": self.elapsed_ps / 1e9,
            "steps": len(self.step_done_ps),
            "spans": len(self.spans),
            "deadline_misses": self.deadline_misses,
            "underruns": self.underruns,
            "energy_mj": sum(self.energy_pj.values()) / 1e9,
        }
