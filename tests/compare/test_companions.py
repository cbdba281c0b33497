"""Stand-ins beside the recogniser: sizes, schedules from real bitstreams, and what they do to the recogniser."""

from __future__ import annotations

from dataclasses import replace as changed

import pytest
from msgspec.structs import replace

from azsim.compare.companions import companion_graph, companions_of
from azsim.compare.experiment import CompanionChoice, LayerChoice, load_experiment
from azsim.compare.runner import make_setup
from azsim.compare.setup import compressed
from azsim.compare.trained import play
from azsim.errors import InputError
from azsim.resources import shipped

PUBLISHED_WEIGHTS = {"whisper detection": 66_000, "speaker identification": 1_420_000}
"""Raeesy et al. 2018 (66 k with biases) and an open GE2E configuration (1.42 M)."""


@pytest.fixture(scope="module")
def setup():
    experiment, path = load_experiment(shipped("experiments", "sharing/companions.toml"))
    return make_setup(replace(experiment, production=None), path, limit=2)


def weights_of(choice: CompanionChoice) -> int:
    return sum(value.size for value in companion_graph(choice).parameters.values())


def test_the_stand_ins_have_the_published_sizes(setup):
    for choice in setup.experiment.companion:
        if choice.name in PUBLISHED_WEIGHTS:
            assert weights_of(choice) == pytest.approx(PUBLISHED_WEIGHTS[choice.name], rel=0.02)


def test_layers_that_do_not_fit_each_other_read_inputs_of_their_own():
    layers = (LayerChoice("lstm", 4, 3), LayerChoice("dense", 3, 5), LayerChoice("dense", 9, 2))
    graph = companion_graph(CompanionChoice("odd", layers, every_ms=10.0))
    assert {name: tensor.shape for name, tensor in graph.inputs.items()} == {"in.0": (4,), "in.2": (9,)}
    assert graph.weight_matrices == ("0.input", "0.recurrent", "1.dense", "2.dense")


def test_schedules_are_made_from_the_configurations_bitstreams(setup):
    made = {}
    for configuration in setup.experiment.configuration:
        for companion in companions_of(setup, setup.device, compressed(setup, configuration)):
            made.setdefault(companion.name, []).append(companion.schedule)
    for choice in setup.experiment.companion:
        raw, zvsv = made[choice.name]
        weights = weights_of(choice)
        assert raw.fetch_bytes.sum() == pytest.approx(weights, rel=0.1)
        assert zvsv.fetch_bytes.sum() < 0.62 * raw.fetch_bytes.sum()
        assert raw.products.sum() == pytest.approx(weights * choice.vectors, rel=0.1)


def test_they_run_beside_the_recogniser_and_are_counted(setup):
    configuration = setup.experiment.configuration[1]
    small = compressed(setup, configuration)
    alone = changed(setup, experiment=replace(setup.experiment, companion=()))
    without = play(alone, small).results
    beside = play(setup, small).results
    for one, two in zip(without, beside):
        assert one.hypothesis == two.hypothesis
        assert not one.timing.companions_ms
        for choice in setup.experiment.companion:
            runs = two.timing.elapsed_ms / choice.every_ms
            assert runs - 2 <= len(two.timing.companions_ms[choice.name]) <= runs + 1
        assert two.timing.busy_ms["npu"] > one.timing.busy_ms["npu"]
        assert sum(two.timing.dram_bytes.values()) > sum(one.timing.dram_bytes.values())


def test_companions_that_leave_nothing_to_the_recogniser_are_refused(setup):
    greedy = replace(setup.experiment.companion[1], every_ms=0.1)
    loaded = changed(setup, experiment=replace(setup.experiment, companion=(greedy,)))
    with pytest.raises(InputError, match=r"speaker identification.*would never run"):
        companions_of(loaded, setup.device, compressed(setup, setup.experiment.configuration[0]))
