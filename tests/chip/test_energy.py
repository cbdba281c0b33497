"""Energy: counts times constants, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from azsim.chip.energy import PARTS, schedule_energy
from azsim.deploy.matvec import matvec
from azsim.devices.loader import load_device
from azsim.reference.schedule_cases import schedule

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
    written, read = (150 + 1008) * 8, 1000 + 1000 * 8  # fetched bytes and refilled positions; payload bits and taken
    sram = written * chip.sram_write_pj_per_bit + read * chip.sram_read_pj_per_bit
    assert energy_pj["sram"] == pytest.approx(sram)
    assert energy_pj["decoder"] == pytest.approx(1000 * chip.decoder_pj_per_bit + 1008 * chip.decoder_pj_per_value)
    assert energy_pj["multipliers"] == pytest.approx(405 * chip.product_pj)
    assert energy_pj["accumulators"] == pytest.approx(405 * chip.accumulate_pj)
    assert energy_pj["vector"] == pytest.approx(64 * chip.vector_op_pj)
    assert energy_pj["leakage"] == pytest.approx(chip.leakage_mw * 1e-3 * 1e-3 * 1e12)  # mW for 1 ms in pJ


def test_a_chip_without_its_device_has_no_dram_part() -> None:
    work = schedule([100], [1], [[1, 0, 0, 0]])
    assert tuple(schedule_energy(work, AZ1.chip.energy, None)) == PARTS[1:]


def test_one_small_product_by_hand() -> None:
    weights = np.array([[1, 0, 0, 2], [0, 0, 3, 0], [0, 0, 0, 0], [4, 5, 6, 0]], np.int8)
    cost = matvec(AZ1, weights, np.ones(4, np.int8), codec="raw")
    assert cost.effectual_products == 6
    hand_pj = {
        "dram": cost.stream_bytes * 8 * 8.5,
        # the stream into its buffer, its 16 codes out of it; 16 positions refilled, 16 taken, zero or not
        "sram": cost.stream_bytes * 8 * 0.6 + 16 * 8 * 0.6 + 16 * 8 * 0.6 + 16 * 8 * 0.6,
        "decoder": 16 * 8 * 0.05 + 16 * 0.10,
        "multipliers": 6 * 0.12,
        "accumulators": 6 * 0.055,
        "vector": 4 * 1.0,  # a bias and a requantisation per row
        "leakage": cost.cycles * 2.5e-9 * 2e-3 * 1e12,  # seconds x watts
    }
    assert dict(cost.energy_pj) == pytest.approx(hand_pj)
    dense = matvec(load_device("systolic-32"), weights, np.ones(4, np.int8), codec="raw")
    assert dense.energy_pj["multipliers"] == pytest.approx(16 * 0.12), "an array multiplies zeros, too"
    assert dense.energy_pj["sram"] == pytest.approx(hand_pj["sram"])


@pytest.mark.parametrize(
    ("key", "pj_45_nm", "pj_7_nm"),
    [
        ("product_pj", 0.2, 0.07),  # int8 multiply: Horowitz, ISSCC 2014; Jouppi et al., ISCA 2021
        ("accumulate_pj", 0.1, 0.03),  # int32 add: same
        ("sram_read_pj_per_bit", 100 / 64, 14 / 64),  # 64 bits of a 1 MB memory: same
    ],
)
def test_constants_are_the_geometric_mean_of_two_published_nodes(key: str, pj_45_nm: float, pj_7_nm: float) -> None:
    assert getattr(AZ1.chip.energy, key) == pytest.approx((pj_45_nm * pj_7_nm) ** 0.5, rel=0.03)
