"""Energy of the whole device: the processor's counts, the memory's bits, core and radio time, what stands by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from azsim.chip.energy import PJ_PER_MW_PS, schedule_energy
from azsim.chip.schedule import TileSchedule
from azsim.devices.board_spec import FlashSpec, NetworkSpec
from azsim.devices.spec import Device

_CHIP_PARTS = ("sram", "decoder", "multipliers", "accumulators", "vector")


@dataclass(frozen=True, slots=True)
class Usage:
    """What the device used from time 0 on.

    Attributes:
        elapsed_ps: until then.
        dram_read_bytes, dram_write_bytes: of all clients.
        cpu_uw_ps: of the cores, running and idle, in microwatt-picoseconds.
        uplink_bytes, downlink_bytes: over the air, framing included.
        npu_runs: each schedule that ran, and how often.
        flash_read_bytes, flash_written_bytes: from and to the flash.
    """

    elapsed_ps: int
    dram_read_bytes: int
    dram_write_bytes: int
    cpu_uw_ps: int
    uplink_bytes: int
    downlink_bytes: int
    npu_runs: tuple[tuple[TileSchedule, int], ...] = ()
    flash_read_bytes: int = 0
    flash_written_bytes: int = 0


def device_energy(device: Device, usage: Usage) -> Mapping[str, float]:
    """Part -> picojoules.

    **Source:** counts x constants of the device file; the parts of the neural processor from ``chip/energy.py``.
    """
    memory, elapsed_ps = device.memory, usage.elapsed_ps
    return {
        "dram": 8 * (usage.dram_read_bytes * memory.read_pj_per_bit + usage.dram_write_bytes * memory.write_pj_per_bit),
        "dram standby": memory.standby_mw * elapsed_ps * PJ_PER_MW_PS,
        **_chip_pj(usage, device),
        "leakage": device.chip.energy.leakage_mw * elapsed_ps * PJ_PER_MW_PS,
        "cpu": usage.cpu_uw_ps / 1000 * PJ_PER_MW_PS,
        "network": _radio_pj(usage, device.network),
        "flash": flash_pj(device.flash, usage.flash_read_bytes, usage.flash_written_bytes),
    }


def flash_pj(spec: FlashSpec, read_bytes: int, written_bytes: int) -> float:
    """Of all bits read and written."""
    return 8 * (read_bytes * spec.read_pj_per_bit + written_bytes * spec.write_pj_per_bit)


def _radio_pj(usage: Usage, spec: NetworkSpec) -> float:
    """Base power throughout if the radio was in use at all, and so much per bit.

    A stream moves a packet every few tens of milliseconds, so that the radio does not get to sleep in between.
    **Source:** linear power model of Huang et al., MobiSys 2012.
    """
    if not usage.uplink_bytes + usage.downlink_bytes:
        return 0.0
    per_bit_nj = spec.tx_mw_per_mbps * usage.uplink_bytes + spec.rx_mw_per_mbps * usage.downlink_bytes
    return spec.base_mw * usage.elapsed_ps * PJ_PER_MW_PS + per_bit_nj * 8 * 1e3


def _chip_pj(usage: Usage, device: Device) -> Mapping[str, float]:
    """The processor's own parts; its DRAM bits are in the traffic, its leakage goes on while it idles."""
    parts = dict.fromkeys(_CHIP_PARTS, 0.0)
    for schedule, times in usage.npu_runs:
        energy = schedule_energy(schedule, device.chip.energy, device.memory)
        for part in _CHIP_PARTS:
            parts[part] += times * energy[part]
    return parts
