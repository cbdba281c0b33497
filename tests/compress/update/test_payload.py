"""Deltas of whole images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from azsim.compress import compress
from azsim.compress.requantise import requantise_to
from azsim.compress.update.image import pack_image
from azsim.compress.update.make import release_masks
from azsim.compress.update.payload import apply_delta, make_delta
from azsim.errors import CodecError, InputError
from azsim.nn.rnnt.network import Network

from .conftest import LAYOUT, tuned


def test_the_new_image_comes_out_and_the_delta_is_smaller(images: tuple[bytes, bytes]) -> None:
    old, new = images
    delta = make_delta(old, new)
    assert b"".join(apply_delta(old, delta)) == new
    assert len(delta) < 0.7 * len(new)


def test_images_that_have_little_in_common_still_work(tiny_network: Network, make_network) -> None:
    old = pack_image(compress(tiny_network, weight_bits=5, codec="zvsv", layout=LAYOUT))
    for other in (
        compress(tiny_network, weight_bits=8, codec="raw", layout=LAYOUT),
        compress(make_network(2, hidden=(10, 9)), weight_bits=5, codec="zvsv", layout=LAYOUT),
        compress(replace(tiny_network, pieces=tiny_network.pieces[::-1]), weight_bits=3, codec="zvsv", layout=LAYOUT),
    ):
        new = pack_image(other)
        assert b"".join(apply_delta(old, make_delta(old, new))) == new


def test_an_image_that_stays_the_same_costs_next_to_nothing(images: tuple[bytes, bytes]) -> None:
    assert len(make_delta(images[0], images[0])) < 200


def test_masked_weights_alone_make_a_smaller_delta(tiny_network: Network) -> None:
    old = compress(tiny_network, weight_bits=8, codec="raw", layout=LAYOUT)
    moved = tuned(tiny_network, 4, 0.05)
    dense = pack_image(requantise_to(old, moved))
    masks = release_masks(pack_image(old), dense, 11, 0.1)
    parameters = {
        name: np.where(masks[name].of(value.shape), moved.parameters[name], value) if value.ndim == 2 else value
        for name, value in tiny_network.parameters.items()
    }
    new = pack_image(requantise_to(old, replace(tiny_network, parameters=parameters)))
    plain, masked = make_delta(pack_image(old), new), make_delta(pack_image(old), new, masks)
    assert b"".join(apply_delta(pack_image(old), masked)) == new
    assert len(masked) < len(plain)
    with pytest.raises(InputError, match=r"encoder\.0\.input: \d+ weights outside the mask differ"):
        make_delta(pack_image(old), dense, masks)


def test_every_flip_cut_and_lengthening_gives_an_error_or_the_right_image(images: tuple[bytes, bytes]) -> None:
    old, new = images
    delta = make_delta(old, new)
    rng = np.random.default_rng(2)

    def outcome(broken: bytes) -> None:
        try:
            found = b"".join(apply_delta(old, broken))
        except CodecError:
            return
        assert found == new  # such as a bit of the kind of an equal section

    for at in rng.integers(0, len(delta), 400).tolist():
        broken = bytearray(delta)
        broken[at] ^= 1 << int(rng.integers(8))
        outcome(bytes(broken))
    for cut in rng.integers(0, len(delta), 60).tolist():
        with pytest.raises(CodecError):
            b"".join(apply_delta(old, delta[:cut]))
    with pytest.raises(CodecError):
        b"".join(apply_delta(old, delta + b"\0"))


def test_another_old_image_is_refused(images: tuple[bytes, bytes]) -> None:
    old, new = images
    delta = make_delta(old, new)
    with pytest.raises(CodecError):
        b"".join(apply_delta(new, delta))
