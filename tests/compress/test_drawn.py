"""Weights drawn from the values of trained ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.compress import compress, decode
from azsim.compress.drawn import DrawnNetwork, draw_network, quantile_table
from azsim.compress.layout import TileLayout
from azsim.compress.network import CompressedNetwork
from tests.conftest import random_network

SHAPES = {"one": (90, 70), "two": (300, 20)}
SOURCES = {"one": "encoder.0.input", "two": "joint.output"}
LAYOUT = TileLayout(lanes=8, tile_positions=1024)


@pytest.fixture(scope="module")
def trained() -> CompressedNetwork:
    return compress(random_network(4, hidden=(24, 24)), weight_bits=4, sparsity=0.6, codec="zvsv")


def drawn(trained: CompressedNetwork, seed: int = 1) -> DrawnNetwork:
    return draw_network(trained, trained.network, SHAPES, SOURCES, LAYOUT, seed)


@given(st.lists(st.integers(-128, 127), min_size=1, max_size=400), st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_a_quantile_table_has_the_shares_of_the_values(values: list[int], seed: int) -> None:
    given_values = np.array(values, np.int8)
    table = quantile_table(given_values)
    assert table.size == 1 << 16
    for value in set(values):
        assert abs((table == value).mean() - (given_values == value).mean()) <= 2**-15
    assert set(table.tolist()) <= set(values)


def test_a_matrix_of_any_shape_has_its_source_s_values_codec_bits_and_scale(trained: CompressedNetwork) -> None:
    made = drawn(trained)
    assert made.name == trained.name
    for name, shape in SHAPES.items():
        source, matrix = trained.matrices[SOURCES[name]], made.matrices[name]
        assert matrix.encoded.shape == shape
        assert matrix.encoded.layout == LAYOUT
        assert (matrix.encoded.codec, matrix.encoded.weight_bits) == ("zvsv", source.encoded.weight_bits)
        assert matrix.scales == source.scales
        values, own = made.decoded[name], trained.decoded[source.name]
        assert set(np.unique(values)) <= set(np.unique(own))
        for value in np.unique(own):
            share = (own == value).mean()
            error = 5 * np.sqrt(share * (1 - share) / values.size)  # of a binomial share
            assert (values == value).mean() == pytest.approx(share, abs=error)


def test_what_is_said_to_be_decoded_is_what_the_bits_give(trained: CompressedNetwork) -> None:
    made = drawn(trained)
    for name, matrix in made.matrices.items():
        np.testing.assert_array_equal(decode(matrix.encoded.data), made.decoded[name])


def test_the_seed_alone_decides(trained: CompressedNetwork) -> None:
    streams = [{name: matrix.encoded.data for name, matrix in drawn(trained, s).matrices.items()} for s in (1, 1, 2)]
    assert streams[0] == streams[1] != streams[2]
