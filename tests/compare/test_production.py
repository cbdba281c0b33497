"""The production-size network: its shape, and weights drawn from what the trained network has."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.compare.experiment import ProductionChoice
from azsim.compare.production import draw, model_for, shapes, skeleton
from azsim.compress import compress, decode
from azsim.compress.layout import TileLayout
from tests.conftest import random_network

PAPER = ProductionChoice(
    encoder_layers=5,
    encoder_units=1024,
    prediction_layers=2,
    prediction_units=1024,
    embedding=512,
    joint=512,
    pieces=4000,
    utterances=10,
)
SMALL = ProductionChoice(
    encoder_layers=3,
    encoder_units=24,
    prediction_layers=2,
    prediction_units=16,
    embedding=8,
    joint=12,
    pieces=30,
    utterances=1,
)


def test_the_shape_has_the_parameters_counted_in_the_literature_survey() -> None:
    sizes = {name: rows * columns for name, (rows, columns) in shapes(PAPER).items()}
    part = {key: sum(v for name, v in sizes.items() if name.startswith(key)) / 1e6 for key in ("encoder", "prediction")}
    assert part["encoder"] == pytest.approx(38.5, abs=0.1)
    assert sum(sizes.values()) / 1e6 == pytest.approx(58.4, abs=0.1)


def test_a_skeleton_takes_no_memory_for_its_parameters() -> None:
    assert sum(value.base.nbytes for value in skeleton(PAPER).parameters.values()) < 1000
    assert skeleton(PAPER).weights == sum(rows * columns for rows, columns in shapes(PAPER).values())


def test_every_matrix_is_drawn_from_one_of_its_role() -> None:
    trained = compress(random_network(1), codec="raw").matrices
    found = {name: model_for(name, trained) for name in shapes(PAPER)}
    assert found["encoder.4.recurrent"] == "encoder.2.recurrent"
    assert found["encoder.0.input"] == "encoder.0.input"
    assert found["prediction.1.input"] == "prediction.0.input"
    assert found["joint.output"] == "joint.output"


@pytest.mark.parametrize(("codec", "bits"), [("raw", 8), ("bitmap", 8), ("palette", 4), ("zvsv", 4)])
def test_a_drawn_network_keeps_bits_and_zeros_and_decodes(codec: str, bits: int) -> None:
    trained = compress(random_network(2, hidden=(40, 40, 40)), weight_bits=bits, sparsity=0.5, codec=codec)
    large = draw(trained, SMALL, TileLayout(), seed=3)
    assert large.bits_per_weight > 0
    for name, matrix in large.matrices.items():
        weights = decode(matrix.encoded)
        assert weights.shape == shapes(SMALL)[name]
        assert np.array_equal(weights, large.decoded[name])
        source = trained.decoded[model_for(name, trained.matrices)]
        assert set(np.unique(weights)) <= set(np.unique(source))


def test_the_same_seed_draws_the_same_network() -> None:
    trained = compress(random_network(2), weight_bits=4, sparsity=0.5, codec="zvsv")
    streams = [
        [matrix.encoded.data for matrix in draw(trained, SMALL, TileLayout(), seed).matrices.values()]
        for seed in (7, 7, 8)
    ]
    assert streams[0] == streams[1] != streams[2]
