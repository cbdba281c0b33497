"""Energy of a job on the processor: counts times constants, part by part."""

from __future__ import annotations

from azsim.chip.schedule import TileSchedule
from azsim.devices.chip_spec import ChipEnergySpec
from azsim.devices.memory_spec import MemorySpec

PARTS = ("dram", "sram", "decoder", "multipliers", "accumulators", "vector", "leakage")
PJ_PER_MW_PS = 1e-3
"""1 mW for 1 ps is 1e-15 J."""


def schedule_energy(
    schedule: TileSchedule, spec: ChipEnergySpec, memory: MemorySpec | None, elapsed_ps: int = 0
) -> dict[str, float]:
    """Part -> picojoules, in the order of `PARTS`.

    DRAM: bits read and written. SRAM: what is fetched is written to a fetch buffer, and what the decoder takes in is
    read there; 8 bits written per position that the decoder refills and 8 read per position that the lanes take, zero
    or not; so a dense store saves multiplier energy alone. Decoder: payload bits in, positions out. Multipliers and
    accumulators: effectual products, one accumulation each. Standby of the DRAM belongs to the device and is not in
    here.

    Args:
        schedule: the job.
        spec: constants of the chip.
        memory: constants of the DRAM; without them ``dram`` is left out.
        elapsed_ps: time that the chip leaks, 0 to leave leakage to the caller.

    **Source:** the constants' lines in the device file.
    """
    products = float(schedule.products.sum())
    refill = 8.0 * float(schedule.decoded_values.sum()) * spec.sram_write_pj_per_bit
    buffered = 8.0 * float(schedule.fetch_bytes.sum()) * spec.sram_write_pj_per_bit
    shifted = float(schedule.decoded_bits.sum()) * spec.sram_read_pj_per_bit
    taken = 8.0 * float(schedule.positions.sum()) * spec.sram_read_pj_per_bit
    bits = float(schedule.decoded_bits.sum()) * spec.decoder_pj_per_bit
    values = float(schedule.decoded_values.sum()) * spec.decoder_pj_per_value
    energy_pj = {
        "sram": buffered + shifted + refill + taken,
        "decoder": bits + values,
        "multipliers": products * spec.product_pj,
        "accumulators": products * spec.accumulate_pj,
        "vector": float(schedule.vector_ops.sum()) * spec.vector_op_pj,
        "leakage": elapsed_ps * spec.leakage_mw * PJ_PER_MW_PS,
    }
    if memory is None:
        return energy_pj
    read = 8.0 * float(schedule.fetch_bytes.sum()) * memory.read_pj_per_bit
    written = 8.0 * float(schedule.output_bytes.sum()) * memory.write_pj_per_bit
    return {"dram": read + written, **energy_pj}
