"""Images of compressed networks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from azsim.compress import codecs, compress
from azsim.compress.stored import load_network, save_compressed
from azsim.compress.update.image import load_image, open_image, pack_image, read_image
from azsim.errors import CodecError, InputError
from azsim.nn.rnnt.integer_rnnt import IntegerModel
from azsim.nn.rnnt.network import Network
from azsim.nn.rnnt.save import save_network
from tests.compress.update.same_engine import assert_same_engine


@pytest.mark.parametrize("codec", codecs())
def test_a_network_comes_back_with_its_very_bitstreams(tiny_network: Network, codec: str) -> None:
    small = compress(tiny_network, weight_bits=8 if codec in ("raw", "bitmap") else 5, codec=codec)
    data = pack_image(small)
    again = read_image(data)
    assert pack_image(again) == data
    assert again.name == small.name
    assert (again.network.name, again.network.pieces) == (tiny_network.name, tiny_network.pieces)
    assert list(again.network.parameters) == list(tiny_network.parameters)
    for name, matrix in small.matrices.items():
        assert again.matrices[name].encoded.data == matrix.encoded.data
        assert again.matrices[name].scales[0] == matrix.scales[0]
        assert np.array_equal(again.decoded[name], small.decoded[name])
    for name, value in tiny_network.parameters.items():
        if value.ndim == 1 and not name.endswith("bias"):
            assert np.array_equal(again.network.parameters[name], value)
        elif value.ndim == 1 and name != "joint.output_bias":
            assert np.abs(again.network.parameters[name] - value).max() <= 2.0**-12


def test_the_integer_engine_reads_the_same_numbers_from_it(tiny_network: Network) -> None:
    small = compress(tiny_network, weight_bits=5, codec="zvsv")
    assert_same_engine(IntegerModel.of(small), IntegerModel.of(read_image(pack_image(small))))


def test_every_flip_cut_and_lengthening_is_noticed(images: tuple[bytes, bytes]) -> None:
    data = images[0]
    rng = np.random.default_rng(1)
    for at in np.unique(np.concatenate([np.arange(600), rng.integers(0, len(data), 600)])).tolist():
        broken = bytearray(data)
        broken[at] ^= 1 << int(rng.integers(8))
        with pytest.raises(CodecError):
            open_image(bytes(broken))
    for cut in rng.integers(0, len(data), 100).tolist():
        with pytest.raises(CodecError):
            open_image(data[:cut])
    with pytest.raises(CodecError, match="lengthened"):
        open_image(data + b"\0")


def test_a_missing_file_is_named() -> None:
    with pytest.raises(InputError, match=r"nowhere\.azm: no such file"):
        load_image("nowhere.azm")


def test_how_features_are_normalised_travels_with_image_and_file(tiny_network: Network, tmp_path: Path) -> None:
    levelled = replace(tiny_network, normalisation="running-level")
    small = compress(levelled, codec="raw")
    assert read_image(pack_image(small)).network.normalisation == "running-level"
    assert b"normalisation" not in pack_image(compress(tiny_network, codec="raw"))  # files of old stay as they are
    save_compressed(small, tmp_path / "small.safetensors", {})
    save_network(levelled, tmp_path / "float.safetensors")
    for name in ("small", "float"):
        assert load_network(tmp_path / f"{name}.safetensors").normalisation == "running-level"
