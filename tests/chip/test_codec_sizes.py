"""Every codec on the same matrices: the bytes are those of its bitstreams, what it cannot hold is said."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.chip.codec_sizes import codec_sizes
from azsim.chip.tiles import tile_layout
from azsim.compress.codecs import codecs, encode
from azsim.devices.loader import load_device

CHIP = load_device("az1").chip
RNG = np.random.default_rng(4)


def test_integers_are_taken_as_they_are() -> None:
    dense = RNG.integers(-7, 8, (40, 33)).astype(np.int8)
    sparse = np.where(RNG.random((40, 33)) < 0.7, 0, dense).astype(np.int8)
    for one in codec_sizes({"a": dense, "b": sparse}, CHIP):
        assert one.snr_db is None
        if one.stream_bytes is None:
            assert one.why.startswith(("a: ", "b: "))
            continue
        streams = [encode(matrix, one.codec, 8, tile_layout(CHIP)).data for matrix in (dense, sparse)]
        assert one.stream_bytes == sum(map(len, streams))
        assert one.bits_per_weight == pytest.approx(8 * one.stream_bytes / (2 * dense.size))
        assert one.zeros == pytest.approx(1 - (np.count_nonzero(dense) + np.count_nonzero(sparse)) / (2 * dense.size))
        assert one.decoder_cycles > 0


def test_every_codec_is_there_and_fewer_bits_are_further_from_the_weights() -> None:
    weights = {"w": RNG.normal(0, 1, (48, 40)).astype(np.float32)}
    coarse, fine = (codec_sizes(weights, CHIP, weight_bits=bits) for bits in (3, 6))
    assert [one.codec for one in coarse] == list(codecs())
    both = [(few, many) for few, many in zip(coarse, fine, strict=True) if few.stream_bytes and many.stream_bytes]
    assert len(both) >= 3
    for few, many in both:
        assert few.snr_db < many.snr_db
        assert few.stream_bytes <= many.stream_bytes or few.codec == "raw"


def test_zeros_are_as_many_as_asked_for() -> None:
    weights = {"w": RNG.normal(0, 1, (64, 64)).astype(np.float32)}
    for one in codec_sizes(weights, CHIP, weight_bits=5, sparsity=0.5):
        if one.stream_bytes:
            assert one.zeros >= 0.5 - 1e-9
