"""What is shown of a network is what is simulated."""

from __future__ import annotations

import json

import msgspec
import pytest

from azsim.chip.build import build_schedules
from azsim.chip.pipeline import run_pipeline
from azsim.chip.residency import plan_residency
from azsim.compress.network import CompressedNetwork
from azsim.devices.loader import load_device
from azsim.inspect.network import inspect_network
from tests.chip.networks import compress_by_hand
from tests.chip.test_compile import NO_TANH

AZ1 = load_device("az1")


@pytest.fixture(scope="module")
def small(make_network) -> CompressedNetwork:
    return compress_by_hand(make_network(3, hidden=(96, 96, 96)), AZ1.chip)


@pytest.mark.parametrize("steps", [1, 4])
def test_cycles_and_bytes_are_those_of_the_schedules(small: CompressedNetwork, steps: int) -> None:
    found = inspect_network(AZ1, small, steps, program=True)
    json.dumps(found.answer, allow_nan=False)
    plan = plan_residency(AZ1.chip, small, steps=steps)
    schedules = build_schedules(AZ1.chip, small, plan, steps)
    for row in found.answer["programs"]:
        schedule = schedules[row["program"]]
        assert row["cycles"] == run_pipeline(schedule, AZ1.chip).total_cycles == sum(row["causes"].values())
        assert row["fetch_bytes"] == schedule.fetch_bytes.sum()
        assert row["program_bytes"] == 16 * len(found.answer["instructions"][row["program"]])
    matrices = found.answer["matrices"]
    assert sum(row["stream_bytes"] for row in matrices) == small.weight_bytes
    assert {row["matrix"]: row["residency"] for row in matrices} == {**plan.modes, "prediction.embedding": "looked up"}


def test_work_of_the_cpu_is_shown(small: CompressedNetwork) -> None:
    device = msgspec.structs.replace(AZ1, chip=NO_TANH)
    rows = {row["program"]: row for row in inspect_network(device, small).answer["programs"]}
    assert rows["encoder.0"]["cpu_elements"] == 2 * 96
    assert rows["encoder.0"]["cycles"] == sum(rows["encoder.0"]["causes"].values())


def test_without_activations_no_time_is_shown(small: CompressedNetwork) -> None:
    lanes = msgspec.structs.replace(AZ1.chip.lanes, skip="both")
    device = msgspec.structs.replace(AZ1, chip=msgspec.structs.replace(AZ1.chip, lanes=lanes))
    assert all(row["cycles"] is None for row in inspect_network(device, small).answer["programs"])
