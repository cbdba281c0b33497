"""The ``[memory]`` table of a device file: DRAM, and who gets it next."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct, field

from azsim.devices.quantities import Count, DramPart, Fidelity
from azsim.ranges import NonNegative


class MemorySpec(Struct, frozen=True, forbid_unknown_fields=True):
    """DRAM shared by everyone on the device.

    Attributes:
        capacity_mib: all of the DRAM; models must fit. With `timings` it should be the part's.
        peak_gbps: of the data bus, gigabytes per second.
        efficiency: share of the peak that refreshes, rows and turns of the bus leave; of no effect at fidelity `bank`,
            where it comes out.
        frontend_latency_ns: before the first chunk of a transfer by DMA.
        chunk_bytes: that one grant moves at most. Larger chunks make others wait longer.
        arbitration: policy that says who comes next; its options are further keys of this table.
        read_pj_per_bit: of DRAM, at the package.
        write_pj_per_bit: of DRAM, at the package.
        standby_mw: of DRAM while the device is on.
        fidelity: which model plays the memory: mean waits, chunks, or banks; the finer, the slower.
        timings: the DRAM part: its timings for fidelity `bank`; size, width and clock should be its own at any.
        options: of policies, as manifests have them; in a device file they stand beside the other keys of the table.
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
