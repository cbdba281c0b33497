"""The ``[memory]`` table of a device file: DRAM, and who gets it next."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct, field

from azsim.devices.quantities import Count, DramPart, Fidelity
from azsim.ranges import NonNegative


class MemorySpec(Struct, frozen=True, forbid_unknown_fields=True):
    """DRAM shared by everyone on the device.

    ``fidelity``: which model plays it (`azsim.soc.memory`); ``timings``: the part, for ``bank``.
    ``arbitration``: who comes next, a policy of `azsim.arbitration`; ``options``: those of policies, which stand in a
    file as keys of ``[memory]`` itself (`azsim.devices.regulation`).
    """

    capacity_mib: Count
    peak_gbps: Annotated[float, Meta(ge=0.01, le=100_000)]
    efficiency: Annotated[float, Meta(ge=0.01, le=1)]
    frontend_latency_ns: Annotated[float, Meta(ge=0, le=1e6)]
    chunk_bytes: Annotated[int, Meta(ge=64, le=32768, multiple_of=64)]
    arbitration: str
    read_pj_per_bit: NonNegative
    write_pj_per_bit: NonNegative
    standby_mw: NonNegative
    fidelity: Fidelity = "burst"
    timings: DramPart | None = None
    options: dict[str, Any] = field(default_factory=dict)
