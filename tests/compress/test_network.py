"""Sizes, density and the weights of a compressed network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from azsim.compress import compress
from azsim.compress.codecs import encode
from azsim.compress.network import CompressedMatrix, CompressedNetwork
from azsim.errors import CodecError
from azsim.nn.rnnt.network import Network


@pytest.fixture(scope="module")
def small(tiny_network: Network) -> CompressedNetwork:
    return compress(tiny_network, weight_bits=5, sparsity=0.5, codec="zvsv")


def test_sizes_add_up(small: CompressedNetwork) -> None:
    streams = [len(matrix.encoded.data) for matrix in small.matrices.values()]
    vectors = sum(value.size for value in small.network.parameters.values() if value.ndim == 1)
    assert small.weight_bytes == sum(streams)
    assert small.model_bytes == sum(streams) + 4 * vectors
    weights = [matrix.encoded.shape[0] * matrix.encoded.shape[1] for matrix in small.matrices.values()]
    each = [matrix.encoded.bits_per_weight for matrix in small.matrices.values()]
    assert small.bits_per_weight == pytest.approx(np.average(each, weights=weights))


def test_sparsity_is_counted_on_what_the_bits_decode_to() -> None:
    rng = np.random.default_rng(1)
    values = {name: rng.integers(-1, 2, shape).astype(np.int8) for name, shape in (("a", (7, 9)), ("b", (30, 4)))}
    parameters = {name: value.astype(np.float32) for name, value in values.items()}
    network = Network("two", parameters, (), 3, -1, 1, 4.0, {}, "", "made up")
    matrices = {name: CompressedMatrix(name, encode(value, "raw", 8), (1.0,)) for name, value in values.items()}
    small = CompressedNetwork("two", network, matrices)
    every = np.concatenate([value.ravel() for value in values.values()])
    assert small.sparsity == (every == 0).sum() / every.size
    for name, value in values.items():
        np.testing.assert_array_equal(small.decoded[name], value)


def test_weights_come_from_the_very_bits(small: CompressedNetwork) -> None:
    name = small.network.weight_matrices[0]
    matrix = small.matrices[name]
    damaged = bytearray(matrix.encoded.data)
    damaged[-1] ^= 1
    broken = replace(matrix, encoded=replace(matrix.encoded, data=bytes(damaged)))
    with pytest.raises(CodecError):
        replace(small, matrices={**small.matrices, name: broken}).decoded  # noqa: B018
    assert small.decoded is small.decoded
