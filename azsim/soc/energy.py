"""Energy of the whole device: the processor's counts, the memory's bits, the cores' and the radio's time, what stands by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from azsim.chip.schedule import TileSchedule
from azsim.devices.spec import ChipSpec, MemorySpec
from azsim.soc.device import DeviceSimulation

PJ_PER_MW_PS = 1e-3
"""1 mW for 1 ps."""


def device_energy(simulation: DeviceSimulation) -> Mapping[str, float]:
    """Part -> picojoules from time 0 to now.

    **Source:** counts x constants of the device file; the parts of the neural processor from ``chip/energy.py``.
    """
    device, elapsed_ps = simulation.device, simulation.env.now
    return {
        "dram": _dram_pj(simulation, device.memory),
        "dram standby": device.memory.standby_mw * elapsed_ps * PJ_PER_MW_PS,
        **_chip_pj(simulation.npu.runs(), device.chip),
        "leakage": device.chip.energy.leakage_mw * elapsed_ps * PJ_PER_MW_PS,
        "cpu": device.cpu.active_mw_per_core * simulation.cpu.busy_ps() * PJ_PER_MW_PS,
        "network": simulation.radio.energy_pj(elapsed_ps),
    }


def _dram_pj(simulation: DeviceSimulation, spec: MemorySpec) -> float:
    traffic = simulation.memory.traffic().values()
    read = sum(client.read_bytes for client in traffic)
    written = sum(client.write_bytes for client in traffic)
    return 8 * (read * spec.read_pj_per_bit + written * spec.write_pj_per_bit)


def _chip_pj(runs: Iterable[tuple[TileSchedule, int]], chip: ChipSpec) -> Mapping[str, float]:
    spec = chip.energy
    parts = dict.fromkeys(("sram", "decoder", "multipliers", "accumulators", "vector"), 0.0)
    for schedule, times in runs:
        positions, products = int(schedule.positions.sum()), int(schedule.products.sum())
        values = int(schedule.decoded_values.sum())
        parts["sram"] += times * 8 * (positions * spec.sram_read_pj_per_bit + values * spec.sram_write_pj_per_bit)
        parts["decoder"] += times * (
            int(schedule.decoded_bits.sum()) * spec.decoder_pj_per_bit + values * spec.decoder_pj_per_value
        )
        parts["multipliers"] += times * products * spec.product_pj
        parts["accumulators"] += times * products * spec.accumulate_pj
        parts["vector"] += times * int(schedule.vector_ops.sum()) * spec.vector_op_pj
    return parts
