"""Whole runs, fetch and decoder included: no chip beats a roof, causes add up, skipping never beats the density."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import azsim
import azsim.devices
from azsim.devices.chip_spec import ChipSpec

DEVICES = sorted(path.stem for path in Path(azsim.devices.__file__).parent.glob("*.toml"))
AZ1 = azsim.load_device("az1").chip


@st.composite
def runs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = draw(st.integers(1, 300)), draw(st.integers(1, 300))
    weights = (rng.integers(-8, 8, shape) * (rng.random(shape) < draw(st.floats(0, 1)))).astype(np.int8)
    frames = (draw(st.integers(1, 5)), shape[1])
    return weights, (rng.integers(-128, 128, frames) * (rng.random(frames) < draw(st.floats(0, 1)))).astype(np.int8)


@pytest.mark.parametrize("device", DEVICES)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    run=runs(),
    codec=st.sampled_from(["raw", "packed", "zvsv"]),
    residency=st.sampled_from(["streamed", "compressed", "decoded"]),
)
def test_no_run_beats_a_roof(device: str, run, codec: str, residency) -> None:
    weights, vectors = run
    bits = 8 if codec == "raw" else 4
    cost = azsim.matvec(azsim.load_device(device), weights, vectors, codec=codec, weight_bits=bits, residency=residency)
    assert cost.cycles >= max(cost.roof_cycles.values())
    assert sum(cost.causes.values()) == cost.cycles
    assert min(cost.causes.values()) >= 0


def with_lanes(**changes: int | str | bool) -> ChipSpec:
    return msgspec.structs.replace(AZ1, lanes=msgspec.structs.replace(AZ1.lanes, **changes))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32),
    density=st.floats(0.01, 1),
    window=st.integers(2, 20),
    skip=st.sampled_from(["weights", "activations", "both"]),
    residency=st.sampled_from(["streamed", "decoded"]),
    subword=st.booleans(),
)
def test_skipping_gains_at_most_one_over_the_density(
    seed: int, density: float, window: int, skip: str, residency, subword: bool
) -> None:
    rng = np.random.default_rng(seed)
    weights = (rng.integers(1, 8, (64, 128)) * (rng.random((64, 128)) < density)).astype(np.int8)
    vectors = (rng.random((2, 128)) < 0.6).astype(np.int8)
    free = {"broadcast_cycles": 0, "min_block_cycles": 0, "window_positions": window, "subword": subword}
    settled = {"codec": "packed", "weight_bits": 4, "residency": residency}
    dense = azsim.matvec(with_lanes(skip="none", **free), weights, vectors, **settled)
    found = azsim.matvec(with_lanes(skip=skip, **free), weights, vectors, **settled)
    assert found.cycles <= dense.cycles
    assert found.effectual_products * dense.cycles <= dense.effectual_products * found.cycles


def test_az2_has_22_times_the_operations_of_az1_and_says_so() -> None:
    def gops(chip: ChipSpec) -> float:
        return 2 * chip.lanes.lanes * chip.lanes.multipliers_per_lane * chip.clock_mhz / 1e3

    az2 = azsim.load_device("az2").chip
    assert gops(az2) == pytest.approx(22 * gops(AZ1), rel=1e-12)
    said = (Path(azsim.devices.__file__).parent / "az2.toml").read_text()
    assert "22 times the operations" in said
    assert f"{gops(az2):.1f} GOPS" in said
