"""Images and updates that version 0.1.0 wrote, of every codec and masked; ``tests/compatibility`` has the others."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from azsim.compress.network import CompressedNetwork
from azsim.compress.requantise import requantise_to
from azsim.compress.update.image import load_image, open_image, pack_image, read_image
from azsim.compress.update.make import make_update
from azsim.compress.update.manifest import load_public_key
from azsim.compress.update.payload import apply_delta, make_delta
from azsim.compress.update.store import ModelStore
from azsim.nn.rnnt.integer_rnnt import IntegerModel
from tests.compress.update.same_engine import assert_same_engine

from .conftest import tuned

FROZEN = Path(__file__).parent / "frozen-0.1.0"
ALL_CODECS = {"ans", "huffman", "golomb", "csc", "run-length", "palette", "packed", "bitmap", "raw", "zvsv"}


def digest(small: CompressedNetwork) -> str:
    """Of all that the processor sees: computed by 0.1.0 below."""
    found = hashlib.sha256()
    for name, matrix in small.matrices.items():
        encoded = matrix.encoded
        found.update(f"{name} {matrix.scales[0]!r} {encoded.codec} {encoded.weight_bits}\n".encode())
        found.update(small.decoded[name].tobytes())
    for name, value in small.network.parameters.items():
        found.update(name.encode() + np.asarray(value, np.float32).tobytes())
    return found.hexdigest()


def test_images_are_read_and_written_again_byte_for_byte() -> None:
    data = (FROZEN / "2.azm").read_bytes()
    small = load_image(FROZEN / "2.azm")
    assert {matrix.encoded.codec for matrix in small.matrices.values()} == ALL_CODECS
    assert digest(small) == "f7100f4f8bad7e44818e6e7244d75ecc8e9e4a93b5244b7d591c7d8262146288"
    assert pack_image(small, format=1) == data


def test_a_masked_update_leads_to_its_image(tmp_path: Path) -> None:
    key = load_public_key(FROZEN / "key.pub.pem")
    store, _ = ModelStore.found(tmp_path, key, (FROZEN / "1-full.azu").read_bytes())
    store.install((FROZEN / "3-masked.azu").read_bytes())
    assert store.current().image == (FROZEN / "3.azm").read_bytes()


@pytest.mark.parametrize("moved", [False, True])
def test_a_device_with_an_old_image_takes_a_new_one(moved: bool, key) -> None:
    """Its biases come from float32 numbers onto the grid."""
    old = (FROZEN / "2.azm").read_bytes()
    before = read_image(old)
    small = requantise_to(before, tuned(before.network, 5)) if moved else before
    new = pack_image(small)
    assert (open_image(old).header.format, open_image(new).header.format) == (1, 2)
    delta = make_delta(old, new)
    assert b"".join(apply_delta(old, delta)) == new
    biases = sum(value.size for name, value in small.network.parameters.items() if name.endswith("bias"))
    assert len(delta) < len(make_delta(old, pack_image(small, format=1))) + (0 if moved else biases)
    assert make_update(new, version=7, key=key, old=old)
    assert_same_engine(IntegerModel.of(small), IntegerModel.of(read_image(new)))
