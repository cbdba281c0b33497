"""Energy: counts times constants, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from azsim.chip.energy import PARTS, schedule_energy
from azsim.devices.loader import load_device
from tests.chip.schedules import schedule

AZ1 = load_device("az1")


def test_each_part_is_its_count_times_its_constant() -> None:
    work = replace(
        schedule([100, 50], [1, 1], [[1, 0, 0, 0]] * 2, output_bytes=[0, 7]),
        positions=np.array([1000, 0]),
        products=np.array([400, 5]),
        decoded_bits=np.array([900, 100]),
        decoded_values=np.array([1000, 8]),
        vector_ops=np.array([0, 64]),
    )
    chip, memory = AZ1.chip.energy, AZ1.memory
    energy_pj = schedule_energy(work, chip, memory, elapsed_ps=10**9)
    assert tuple(energy_pj) == PARTS
    assert energy_pj["dram"] == pytest.approx(150 * 8 * memory.read_pj_per_bit + 7 * 8 * memory.write_pj_per_bit)
    sram = 1008 * 8 * chip.sram_write_pj_per_bit + 1000 * 8 * chip.sram_read_pj_per_bit
    assert energy_pj["sram"] == pytest.approx(sram)
    assert energy_pj["decoder"] == pytest.approx(1000 * chip.decoder_pj_per_bit + 1008 * chip.decoder_pj_per_value)
    assert energy_pj["multipliers"] == pytest.approx(405 * chip.product_pj)
    assert energy_pj["accumulators"] == pytest.approx(405 * chip.accumulate_pj)
    assert energy_pj["vector"] == pytest.approx(64 * chip.vector_op_pj)
    assert energy_pj["leakage"] == pytest.approx(chip.leakage_mw * 1e-3 * 1e-3 * 1e12)  # mW for 1 ms in pJ


def test_a_chip_without_its_device_has_no_dram_part() -> None:
    work = schedule([100], [1], [[1, 0, 0, 0]])
    assert tuple(schedule_energy(work, AZ1.chip.energy, None)) == PARTS[1:]
