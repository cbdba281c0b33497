"""Waking up: every resident byte is fetched once, and only decoded ones pass the decoder."""

from __future__ import annotations

from dataclasses import replace

from azsim.chip.build import tile_layout
from azsim.chip.residency import plan_residency
from azsim.chip.wake import reload_schedule
from azsim.compress import compress
from azsim.devices import load_device
from tests.conftest import random_network


def test_the_reload_moves_what_the_plan_says_and_multiplies_nothing() -> None:
    chip = load_device("az1").chip
    small = compress(random_network(1), weight_bits=5, sparsity=0.5, codec="zvsv", layout=tile_layout(chip))
    plan = plan_residency(chip, small)
    reload = reload_schedule(chip, small, plan)
    assert reload.fetch_bytes.sum() == plan.reload_bytes > 0
    assert reload.lane_cycles.sum() == reload.products.sum() == 0
    decoded = sum(
        small.matrices[name].encoded.tiling.positions.sum() for name, mode in plan.modes.items() if mode == "decoded"
    )
    assert reload.decoded_values.sum() == decoded


def test_nothing_resident_needs_no_reload() -> None:
    chip = load_device("az1").chip
    small = compress(random_network(1), codec="raw", layout=tile_layout(chip))
    plan = plan_residency(chip, small)
    streamed = replace(plan, modes=dict.fromkeys(plan.modes, "streamed"))
    assert reload_schedule(chip, small, streamed) is None
