"""Hypotheses of a beam share each tile of a run: what a batch costs on the device."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from azsim.chip.build import tile_layout
from azsim.compress.recipe import compress
from azsim.deploy.cost import program_cost
from azsim.deploy.deployment import Deployment
from azsim.devices.loader import load_device
from azsim.speech.recogniser import Recogniser
from azsim.speech.search.choice import GREEDY, SearchChoice
from tests.conftest import random_network

AZ1 = load_device("az1")
BEAM = SearchChoice("beam", 4)


@pytest.fixture(scope="module")
def small():
    return compress(random_network(8), layout=tile_layout(AZ1.chip))


@pytest.fixture(scope="module")
def work(small):
    sound = np.random.default_rng(1).normal(0, 0.1, 20_000).astype(np.float32)
    return Recogniser(small, BEAM.maker(), lattices=BEAM).recognise(sound, record_inputs=True).work


def test_a_batch_fetches_its_weights_once_and_multiplies_for_each(small, work):
    deployed = Deployment(AZ1, small, {"*": "streamed"})
    schedules = deployed.schedules_of(work)
    batches = {job.units for job in work.jobs if job.name == "joint"}
    assert max(batches) > 1
    one = program_cost(schedules["joint"], AZ1.chip)
    for units in batches - {1}:
        several = program_cost(schedules[f"joint*{units}"], AZ1.chip)
        assert several.products == units * one.products
        assert several.fetch_bytes == one.fetch_bytes
        assert one.cycles < several.cycles < units * one.cycles
    alone = program_cost(schedules["prediction"], AZ1.chip)
    for units in {job.units for job in work.jobs if job.name == "prediction"} - {1}:
        several = program_cost(schedules[f"prediction*{units}"], AZ1.chip)
        row = small.network.parameters["prediction.embedding"].shape[1]
        assert several.fetch_bytes - alone.fetch_bytes == (units - 1) * row


def test_where_activations_decide_a_batch_has_the_inputs_of_its_hypotheses(small, work):
    lanes = replace_skip(AZ1)
    deployed = Deployment(lanes, small, {"*": "streamed"})
    assert deployed.needs_activations
    schedules = deployed.schedules_of(work)
    alone = schedules["joint"]
    for job in work.jobs:
        if job.name == "joint" and job.units > 1:
            batch = schedules[job.schedule][job.invocation]
            rows = range(job.invocation, job.invocation + job.units)
            assert int(batch.products.sum()) == sum(int(alone[row].products.sum()) for row in rows)


def replace_skip(device):
    """The device with lanes that skip zeros of both operands."""
    import msgspec

    lanes = msgspec.structs.replace(device.chip.lanes, skip="both")
    return msgspec.structs.replace(device, chip=msgspec.structs.replace(device.chip, lanes=lanes))


def test_states_of_a_beam_take_on_chip_memory(small):
    plain, reserved = (Deployment(AZ1, small, reserved_bytes=size) for size in (0, 4_096))
    assert reserved.peak_sram_bytes == plain.peak_sram_bytes + 4_096
    assert BEAM.state_bytes(small.network) == 8 * 4 * (3 * 9 + 2 * 11)
    assert SearchChoice("beam", 1).state_bytes(small.network) == GREEDY.state_bytes(small.network) == 0


def test_a_beam_plays_to_the_end(small, work):
    timeline = Deployment(AZ1, small).play(replace(work, inputs={}), music=None)
    assert len(timeline.step_release_ps) == work.steps
