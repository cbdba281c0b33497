"""Stand-ins: sizes, and layers that do not fit each other."""

from __future__ import annotations

import pytest

from azsim.compare.experiment import load_experiment
from azsim.resources import shipped
from azsim.speech.stages.stand_in import Layer, StandIn

PUBLISHED_WEIGHTS = {"whisper detection": 66_000, "speaker identification": 1_420_000}
"""Raeesy et al. 2018 (66 k with biases) and an open GE2E configuration (1.42 M)."""


def test_the_shipped_stand_ins_have_the_published_sizes() -> None:
    experiment, _ = load_experiment(shipped("experiments", "sharing/companions.toml"))
    sizes = {stage.title: stage.weights for stage in experiment.stage}
    for name, weights in PUBLISHED_WEIGHTS.items():
        assert sizes[name] == pytest.approx(weights, rel=0.02)
    for stage in experiment.stage:
        assert sum(value.size for value in stage.graph().parameters.values()) == stage.weights


def test_layers_that_do_not_fit_each_other_read_inputs_of_their_own() -> None:
    layers = (Layer("lstm", 4, 3), Layer("dense", 3, 5), Layer("dense", 9, 2))
    graph = StandIn(name="odd", layers=layers, every_ms=10.0).graph()
    assert {name: tensor.shape for name, tensor in graph.inputs.items()} == {"in.0": (4,), "in.2": (9,)}
    assert graph.weight_matrices == ("0.input", "0.recurrent", "1.dense", "2.dense")
