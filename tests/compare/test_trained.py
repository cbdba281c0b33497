"""What the tables say of a compressed network, and the reload before its first job."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from azsim.chip.build import build_schedules, tile_layout
from azsim.chip.residency import plan_residency
from azsim.chip.wake import RELOAD
from azsim.compare.trained import awake, describe, mean_weight_bits, plan_for
from azsim.compress import MatrixRecipe, compress
from azsim.compress.network import CompressedNetwork
from azsim.devices.loader import load_device
from azsim.errors import InputError
from tests.conftest import random_network
from tests.soc.cases import work

AZ1 = load_device("az1")


@pytest.fixture(scope="module")
def small() -> CompressedNetwork:
    overrides = {"joint.*": MatrixRecipe(codec="packed", weight_bits=6)}
    return compress(
        random_network(5), weight_bits=4, sparsity=0.5, codec="zvsv", layout=tile_layout(AZ1.chip), overrides=overrides
    )


def test_a_configuration_is_described_by_its_bits(small: CompressedNetwork) -> None:
    told = describe(small, timing_only=True)
    parameters = small.network.parameters
    joint = sum(value.size for name, value in parameters.items() if name.startswith("joint.") and value.ndim == 2)
    assert told.codec == "zvsv, packed"
    assert told.weight_bits == mean_weight_bits(small) == pytest.approx(4 + 2 * joint / small.network.weights)
    assert told.sparsity == small.sparsity
    assert told.model_bytes == small.model_bytes
    every = sum(value.size for value in parameters.values())
    assert told.share_of_fp32 == small.model_bytes / (4 * every)
    assert told.timing_only
    assert not describe(small).timing_only


def test_resident_weights_are_brought_back_before_anything_else(small: CompressedNetwork) -> None:
    plan, asked = plan_residency(AZ1.chip, small), work()
    schedules = build_schedules(AZ1.chip, small, plan)
    assert plan.modes
    woken, more = awake(AZ1, small, plan, asked, schedules)
    assert woken.jobs[1:] == asked.jobs
    assert (woken.jobs[0].engine, woken.jobs[0].name, woken.jobs[0].release_ms) == ("npu", RELOAD, 0)
    assert replace(woken, jobs=asked.jobs) == asked
    assert {name: more[name] for name in schedules} == dict(schedules)
    assert more[RELOAD].fetch_bytes.sum() > 0
    assert not np.any(more[RELOAD].products)


def test_where_nothing_stays_nothing_is_brought_back(small: CompressedNetwork) -> None:
    sram = msgspec.structs.replace(AZ1.chip.sram, residency="streamed")
    device = msgspec.structs.replace(AZ1, chip=msgspec.structs.replace(AZ1.chip, sram=sram))
    plan, asked = plan_residency(device.chip, small), work()
    schedules = build_schedules(device.chip, small, plan)
    assert awake(device, small, plan, asked, schedules) == (asked, schedules)


def test_a_wrong_residency_is_said_with_its_configuration(small: CompressedNetwork) -> None:
    pinned = SimpleNamespace(name=small.name, residency={"encoder.9.input": "decoded"})
    other = SimpleNamespace(name="other", residency={"nothing": "decoded"})
    setup = SimpleNamespace(
        experiment=SimpleNamespace(configuration=(other, pinned), frames_per_step=1), source="mine.toml"
    )
    with pytest.raises(InputError, match=rf"mine\.toml: configuration '{small.name}': .*encoder\.9\.input"):
        plan_for(setup, AZ1, small)
    pinned.residency = {"encoder.0.input": "streamed"}
    assert plan_for(setup, AZ1, small).modes.get("encoder.0.input", "streamed") == "streamed"
