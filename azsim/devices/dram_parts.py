"""DRAM parts: size, width, clock and timings, a source on every number, and what follows from them in closed form.

::

    closed row    ACT ──tRCD── RD ──RL+tDQSCK── data (one burst)
    conflict      PRE ──tRP── ACT ──tRCD── RD ──RL+tDQSCK── data
    refresh       last RD ──tRTP── PREA ──tRPab── REF ──tRFC── ACT ──tRCD── RD      every tREFI
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class DramTimings:
    """One part; times in picoseconds.

    Attributes:
        capacity_mib, width_bits, rate_mts: all of the part; its data bus; transfers per second on it, millions.
        banks, page_bytes: open rows, and the size of each.
        burst_bytes: what one column command moves.
        rcd_ps, rp_ps, rp_all_ps, ras_ps: activate to column; precharge of a bank, of all; activate to precharge.
        rrd_ps, faw_ps: between activates of two banks, and the window that holds at most four.
        read_latency_ps, write_latency_ps: column command to the first data.
        rtp_ps, wr_ps, wtr_ps, rtw_ps: read to precharge; end of write data to precharge, and to a read command; gap on
            the bus from read data to write data.
        rfc_ps, refi_ps: an all-bank refresh, and how often one is due.
    """

    capacity_mib: int
    width_bits: int
    rate_mts: int
    banks: int
    page_bytes: int
    burst_bytes: int
    rcd_ps: int
    rp_ps: int
    rp_all_ps: int
    ras_ps: int
    rrd_ps: int
    faw_ps: int
    read_latency_ps: int
    write_latency_ps: int
    rtp_ps: int
    wr_ps: int
    wtr_ps: int
    rtw_ps: int
    rfc_ps: int
    refi_ps: int

    @property
    def peak_gbps(self) -> float:
        """Gigabytes per second of the data bus."""
        return self.rate_mts * self.width_bits / 8000

    @property
    def rc_ps(self) -> int:
        """Activate to activate of one bank."""
        return self.ras_ps + self.rp_ps

    def hit_ps(self, burst_ps: int) -> int:
        """Request to last data, row open, memory idle."""
        return self.read_latency_ps + burst_ps

    def closed_ps(self, burst_ps: int) -> int:
        """The same, no row open in that bank."""
        return self.rcd_ps + self.hit_ps(burst_ps)

    def conflict_ps(self, burst_ps: int) -> int:
        """The same, another row open in that bank for long."""
        return self.rp_ps + self.closed_ps(burst_ps)

    def refresh_ceiling(self) -> float:
        """Share of the peak that refreshes leave to a stream of reads.

        **Source:** ramulator2 ``tests/latency_throughput/utils/checks.py``; all banks are precharged, hence tRPab.
        """
        return 1 - (self.rtp_ps + self.rp_all_ps + self.rfc_ps + self.rcd_ps) / self.refi_ps

    def conflict_gbps(self, access_bytes: int = 64) -> float:
        """Bandwidth of accesses to ever new rows of one bank: ``access_bytes`` per tRC."""
        return access_bytes * 1000 / self.rc_ps


_LPDDR4_3200 = DramTimings(  # DRAMSys configs/memspec/JEDEC_8Gb_LPDDR4-3200_16bit.json, tCK = 625 ps
    capacity_mib=1024,  # 8 Gb: nbrOfRows 65536 x nbrOfColumns 1024 x 16 bit x 8 banks
    width_bits=16,  # width
    rate_mts=3200,  # dataRate 2 / tCK
    banks=8,  # nbrOfBanks
    page_bytes=2048,  # nbrOfColumns 1024 x 16 bit
    burst_bytes=32,  # burstLength 16 x 16 bit
    rcd_ps=29 * 625,  # RCD
    rp_ps=29 * 625,  # RPpb
    rp_all_ps=34 * 625,  # RPab
    ras_ps=68 * 625,  # RAS
    rrd_ps=16 * 625,  # RRD
    faw_ps=64 * 625,  # FAW
    read_latency_ps=(28 + 6) * 625,  # RL + DQSCK
    write_latency_ps=(14 + 1) * 625,  # WL + DQSS
    rtp_ps=12 * 625,  # RTP
    wr_ps=29 * 625,  # WR
    wtr_ps=16 * 625,  # WTR
    rtw_ps=2 * 625,  # WPRE
    rfc_ps=448 * 625,  # RFCab
    refi_ps=6246 * 625,  # REFI
)

_LPDDR4_3200_4GB = replace(  # the same clock and core with half of the rows: all but size and refresh as above
    _LPDDR4_3200,
    capacity_mib=512,  # 4 Gb in one channel of 16 bits
    rfc_ps=288 * 625,  # 180 ns: JEDEC JESD209-4, tRFCab of 4 Gb per channel (280 ns from 6 Gb per channel on)
)

_LPDDR4_4266 = DramTimings(  # DRAMSys configs/memspec/JEDEC_512Mbx16_LPDDR4-4266.json, tCK = 469 ps; two of them
    capacity_mib=2048,  # 512 Mb x 16, two channels
    width_bits=32,  # width 16, two channels
    rate_mts=4266,  # dataRate 2 / tCK
    banks=8,  # nbrOfBanks
    page_bytes=4096,  # nbrOfColumns 1024 x 16 bit, two channels in step: assumed
    burst_bytes=64,  # burstLength 16 x 16 bit, two channels in step: assumed
    rcd_ps=39 * 469,  # RCD
    rp_ps=39 * 469,  # RPpb
    rp_all_ps=45 * 469,  # RPab
    ras_ps=90 * 469,  # RAS
    rrd_ps=22 * 469,  # RRD
    faw_ps=86 * 469,  # FAW
    read_latency_ps=(36 + 4) * 469,  # RL + DQSCK
    write_latency_ps=18 * 469,  # WL + DQSS 0
    rtp_ps=17 * 469,  # RTP
    wr_ps=39 * 469,  # WR
    wtr_ps=22 * 469,  # WTR
    rtw_ps=2 * 469,  # WPRE
    rfc_ps=599 * 469,  # RFCab
    refi_ps=8341 * 469,  # REFI
)

_LPDDR3_1600 = DramTimings(  # gem5 .../memory/dram_interfaces/lpddr3.py, LPDDR3_1600_1x32 (Micron EDF8132A1MC)
    capacity_mib=1024,  # device_size 1 GiB
    width_bits=32,  # device_bus_width
    rate_mts=1600,  # tCK 1.25 ns, two transfers per clock
    banks=8,  # banks_per_rank
    page_bytes=4096,  # device_rowbuffer_size
    burst_bytes=32,  # burst_length 8 x 32 bit
    rcd_ps=18_000,  # tRCD
    rp_ps=18_000,  # tRP
    rp_all_ps=21_000,  # tRP, comment: all banks
    ras_ps=42_000,  # tRAS
    rrd_ps=10_000,  # tRRD
    faw_ps=50_000,  # tXAW, activation_limit 4
    read_latency_ps=15_000,  # tCL
    write_latency_ps=7_500,  # comment at tCL: 6 CK
    rtp_ps=7_500,  # tRTP
    wr_ps=15_000,  # tWR
    wtr_ps=7_500,  # tWTR
    rtw_ps=2_500,  # tRTW
    rfc_ps=130_000,  # tRFC
    refi_ps=3_900_000,  # tREFI
)

TIMINGS = {
    "lpddr4-3200-x16": _LPDDR4_3200,
    "lpddr4-3200-x16-4gb": _LPDDR4_3200_4GB,
    "lpddr4-4266-2x16": _LPDDR4_4266,
    "lpddr3-1600-x32": _LPDDR3_1600,
}
"""``memory.timings`` in a device file -> part. The peak is the device file's: a burst takes burst_bytes / peak."""

_NEAR = 0.01


def part_mismatches(name: str, capacity_mib: int, peak_gbps: float, efficiency: float) -> list[str]:
    """What of a memory is not that of the part it names: one remark each, none where capacity, width and clock are its.

    Args:
        name: of the part.
        capacity_mib, peak_gbps, efficiency: what a device file says.
    """
    part = TIMINGS[name]
    remarks = []
    if capacity_mib != part.capacity_mib:
        remarks.append(f"memory.capacity_mib = {capacity_mib}: the part has {part.capacity_mib}")
    if abs(peak_gbps / part.peak_gbps - 1) > _NEAR:
        remarks.append(
            f"memory.peak_gbps = {peak_gbps:g}: the part's {part.width_bits} bits at {part.rate_mts} MT/s give "
            f"{part.peak_gbps:g}"
        )
    if efficiency > part.refresh_ceiling() + _NEAR:
        remarks.append(f"memory.efficiency = {efficiency:g}: its refreshes leave {part.refresh_ceiling():.3f} at most")
    return [f"memory.timings = {name!r}: {remark}" for remark in remarks]
