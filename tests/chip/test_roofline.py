"""The stage that binds, worked out by hand for az1, and no layer above a roof."""

from __future__ import annotations

import math
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from azsim.chip.build import build_schedules
from azsim.chip.roofline import binding, binding_table, ceilings, layer_point, products_per_cycle, roof_cycles
from azsim.deploy.matvec import matvec
from azsim.devices.loader import load_device
from azsim.reference.schedule_cases import schedule
from tests.chip.networks import compress_by_hand

AZ1 = load_device("az1").chip  # port 8 B/cycle; decoder 4 x 8 positions, 4 x 64 bits; 32 x 2 multipliers


def test_the_roofs_of_az1() -> None:
    roofs = ceilings(AZ1)
    assert roofs.multipliers_gmacs == pytest.approx(25.6)
    assert roofs.window_gmacs == pytest.approx(51.2)
    assert roofs.decoder_gpositions == pytest.approx(12.8)
    assert roofs.dram_gbps == pytest.approx(3.2)


def test_az2_has_22_times_the_operations_of_az1() -> None:
    ratio = ceilings(load_device("az2").chip).multipliers_gmacs / ceilings(AZ1).multipliers_gmacs
    assert ratio == pytest.approx(22)


def test_the_crossover_that_az1_s_file_claims() -> None:
    streamed = {row.frames: row for row in binding_table(AZ1, 3.5, 0.5, 0.5) if row.residency == "streamed"}
    assert [streamed[frames].stage for frames in (1, 2, 4, 8)] == ["dram", "dram", "dram", "multipliers"]
    assert streamed[1].skip_gain == streamed[2].skip_gain == 1
    assert 1.1 < streamed[4].skip_gain < 1.2
    assert streamed[8].skip_gain == 2
    resident = binding(AZ1, 3.5, 0.5, residency="decoded")
    assert resident.rates["dram"] == resident.rates["decoder"] == math.inf
    assert resident.skip_gain == 2


def test_the_window_binds_very_sparse_weights() -> None:
    assert binding(AZ1, 2.0, 0.1, residency="decoded").stage == "window"
    assert binding(AZ1, 8.0, 1.0, residency="compressed", values_per_position=1.0).stage == "decoder"


def test_a_narrow_port_lowers_lanes_and_window_alike() -> None:
    sram = msgspec.structs.replace(AZ1.sram, port_bytes_per_cycle=80, on_conflict="stall")
    chip = msgspec.structs.replace(AZ1, sram=sram)  # asked for 128 a cycle by the lanes and 1 a weight by the decoder
    wide, narrow = (binding(each, 3.5, 0.5, frames=8) for each in (AZ1, chip))
    assert wide.rates["multipliers"] == wide.rates["window"] == 16
    assert narrow.rates["multipliers"] == narrow.rates["window"] == pytest.approx(80 / (128 / 16 + 1))
    assert narrow.rates["decoder"] == wide.rates["decoder"]
    resident = binding(chip, 3.5, 0.5, residency="decoded")
    assert resident.rates["window"] == 128 * 80 / 128, "without the decoder the lanes have the port to themselves"
    assert ceilings(chip).multipliers_gmacs == pytest.approx(25.6 * 80 / 128)


def test_two_products_at_once_only_of_narrow_uniform_weights() -> None:
    chip = msgspec.structs.replace(AZ1, lanes=msgspec.structs.replace(AZ1.lanes, subword=True))
    plain, doubled = (binding(chip, 4.0, 0.5, residency="decoded", narrow=narrow) for narrow in (False, True))
    assert doubled.rates["multipliers"] == 2 * plain.rates["multipliers"]
    assert doubled.rates["window"] == 2 * plain.rates["window"]
    assert binding(AZ1, 4.0, 0.5, residency="decoded", narrow=True).rates == plain.rates
    assert ceilings(chip).multipliers_gmacs == pytest.approx(51.2)


def test_no_layer_stands_above_a_roof(make_network) -> None:
    small = compress_by_hand(make_network(5, hidden=(96, 96, 96)), AZ1)
    roofs = ceilings(AZ1)
    for made in build_schedules(AZ1, small).values():
        point = layer_point(made, AZ1)
        assert point.macs == made.positions.sum()
        assert 0 < point.gmacs <= min(roofs.window_gmacs, roofs.decoder_gpositions)
        assert point.gmacs <= roofs.dram_gbps * point.macs_per_byte
    everything = dict.fromkeys(small.matrices, "decoded")
    assert layer_point(build_schedules(AZ1, small, everything)["joint"], AZ1).macs_per_byte == math.inf


def test_each_stage_needs_its_share_and_no_more() -> None:
    work = replace(schedule([100, 29], [5, 2], [[1, 0, 0, 0]] * 2), products=np.array([640, 1]))
    assert roof_cycles(work, AZ1) == {"dram": 17, "decoder": 7, "multipliers": 11}


@pytest.mark.parametrize(("codec", "rate"), [("golomb", 1), ("huffman", 1), ("palette", 4), ("raw", 8)])
def test_the_decoder_s_roof_knows_what_the_codec_s_codes_allow(codec: str, rate: int) -> None:
    """One stream's share of positions, values or bits decides: of 4 streams with 8 positions and 4 values each."""
    weights = (np.random.default_rng(0).integers(1, 16, (256, 256)) - 16).astype(np.int8)
    bits = 8 if codec == "raw" else 5
    cost = matvec(AZ1, weights, np.ones(256, np.int8), codec=codec, weight_bits=bits, residency="compressed")
    each = 256 * 256 // 4
    least = -(-each // min(rate, 4))
    assert least <= cost.roof_cycles["decoder"] <= least + 4 * (AZ1.decoder.startup_cycles + 4 + each // 100)
    assert cost.cycles >= cost.roof_cycles["decoder"]


def test_products_per_cycle_of_each_engine() -> None:
    assert products_per_cycle(AZ1) == 64
    halves = msgspec.structs.replace(AZ1, lanes=msgspec.structs.replace(AZ1.lanes, subword=True))
    assert products_per_cycle(halves) == 128
    assert products_per_cycle(load_device("systolic-32").chip) == 1024


def test_nothing_to_do_needs_nothing() -> None:
    assert set(roof_cycles(schedule([], [], []), AZ1).values()) == {0}
