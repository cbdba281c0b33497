"""The ``[memory]`` table of a device file: DRAM, and who gets it next."""

from __future__ import annotations

from typing import Annotated, Generic

from msgspec import Meta, Struct

from azsim.devices.quantities import Arbitration, Count, DramPart, Each, Fidelity, Priority
from azsim.ranges import NonNegative


class TokenBucketSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """A client's rate under ``rate-regulated``: over any stretch T at most ``gbps`` x T + ``burst_bytes``."""

    gbps: Annotated[float, Meta(ge=1e-6, le=1e6)]
    burst_bytes: Annotated[int, Meta(ge=64, le=2**30)]


class LatencyTargetSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """A client's latency under ``latency-regulated``: 2^``step_log2_ns`` ns above the target raise it by a level."""

    target_ns: Annotated[float, Meta(gt=0, le=1e9)]
    lowest: Priority
    highest: Priority
    step_log2_ns: Annotated[int, Meta(ge=0, le=30)]


class WindowSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """A client's share under ``window-threshold``: held back in a window once it has had ``threshold_bytes``."""

    window_us: Annotated[float, Meta(ge=0.001, le=1e9)]
    threshold_bytes: Count


class PerClient(Struct, Generic[Each], frozen=True, forbid_unknown_fields=True):
    """A setting for each client of the memory that has one."""

    playback: Each | None = None
    microphone: Each | None = None
    npu: Each | None = None
    cpu: Each | None = None
    network: Each | None = None


class MemorySpec(Struct, frozen=True, forbid_unknown_fields=True):
    """DRAM shared by everyone on the device.

    ``fidelity``: which model plays it (`azsim.soc.memory`); ``timings``: the part, for ``bank``.
    ``arbitration``: who comes next (`azsim.soc.arbitration`); ``fair_weight`` is of ``proportional-fair``, ``rate``,
    ``latency`` and ``window`` are of the policies that regulate.
    """

    capacity_mib: Count
    peak_gbps: Annotated[float, Meta(ge=0.01, le=100_000)]
    efficiency: Annotated[float, Meta(ge=0.01, le=1)]
    frontend_latency_ns: Annotated[float, Meta(ge=0, le=1e6)]
    chunk_bytes: Annotated[int, Meta(ge=64, le=32768, multiple_of=64)]
    arbitration: Arbitration
    read_pj_per_bit: NonNegative
    write_pj_per_bit: NonNegative
    standby_mw: NonNegative
    fidelity: Fidelity = "burst"
    timings: DramPart | None = None
    fair_weight: Annotated[float, Meta(gt=0, le=1)] = 0.5
    rate: PerClient[TokenBucketSpec] = PerClient()
    latency: PerClient[LatencyTargetSpec] = PerClient()
    window: PerClient[WindowSpec] = PerClient()
