"""Files of bitstreams: what is written is read, bit for bit, and nothing damaged or forged is."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.budget import limited
from azsim.compress import MatrixRecipe, codecs, compress
from azsim.compress.codecs import encode
from azsim.compress.layout import TileLayout
from azsim.compress.network import CompressedNetwork
from azsim.compress.stored import load_compressed, load_network, save_compressed
from azsim.errors import InputError
from azsim.nn.rnnt import load as float_files
from azsim.nn.rnnt.save import save_network
from azsim.nn.sealed import CARD_KEY, SCALES_KEY, WEIGHT_SCALES_KEY, read_stored, seal, write_sealed
from tests.conftest import random_network

SCALES = {"encoder.0.cell": 2.0**-10}
MATRIX = "encoder.1.recurrent"


@cache
def small(codec: str = "zvsv", weight_bits: int = 4, sparsity: float = 0.5, seed: int = 3) -> CompressedNetwork:
    network = replace(random_network(seed), activation_scales=SCALES)
    return compress(network, codec=codec, weight_bits=weight_bits, sparsity=sparsity)


def same(one: CompressedNetwork, other: CompressedNetwork) -> None:
    assert tuple(one.matrices) == tuple(other.matrices)
    for name, matrix in one.matrices.items():
        assert matrix.encoded.data == other.matrices[name].encoded.data
        assert matrix.scales[0] == other.matrices[name].scales[0]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    save_compressed(small(), path)
    return path


@pytest.mark.parametrize("codec", codecs())
def test_the_bitstreams_of_every_codec_are_read_as_they_were_written(codec: str, tmp_path: Path) -> None:
    path, made = tmp_path / "new" / "model.safetensors", small(codec)
    digest = save_compressed(made, path, {"trained": {"seed": 3}})
    read = load_compressed(path)
    same(read, made)
    network = load_network(path)
    assert (network.digest, network.verified, network.activation_scales) == (digest, True, SCALES)
    assert network.pieces == made.network.pieces
    assert list(network.parameters) == list(float_files.network_of(read_stored(path), network.parameters).parameters)
    for name, value in network.parameters.items():
        expected = made.network.parameters[name]
        if name in made.matrices:
            expected = made.decoded[name] * np.float32(made.matrices[name].scales[0])
        assert value.dtype == np.float32
        assert np.array_equal(value, expected)
    assert json.loads(read_stored(path).metadata["azsim"])["trained"] == {"seed": 3}
    assert [found.name for found in path.parent.iterdir()] == ["model.safetensors"]


def trained(codec: str, weight_bits: int, sparsity: float, seed: int) -> CompressedNetwork:
    """Compressed from weights that lie on the grid already, the largest at its end, as training for it leaves them."""
    found = small(codec, weight_bits, sparsity, seed)
    on_grid = {name: values * np.float32(found.matrices[name].scales[0]) for name, values in found.decoded.items()}
    network = replace(found.network, parameters={**found.network.parameters, **on_grid})
    return compress(network, codec=codec, weight_bits=weight_bits, sparsity=sparsity)


@pytest.mark.parametrize(
    ("codec", "weight_bits", "sparsity", "other"),
    [("palette", 5, 0.0, "raw"), ("zvsv", 5, 0.5, "bitmap"), ("zvsv", 4, 0.75, "raw"), ("huffman", 3, 0.5, "ans"),
     ("csc", 2, 0.75, "packed"), ("bitmap", 8, 0.5, "raw")],
)  # fmt: skip
def test_compressing_what_was_read_changes_no_weight(
    codec: str, weight_bits: int, sparsity: float, other: str, tmp_path: Path
) -> None:
    """At the same bits by the same codec, and at eight bits by any."""
    made = trained(codec, weight_bits, sparsity, seed=weight_bits)
    save_compressed(made, tmp_path / "model.safetensors")
    network = load_network(tmp_path / "model.safetensors")
    again = compress(network, codec=codec, weight_bits=weight_bits, sparsity=sparsity)
    eight = compress(network, codec=other, weight_bits=8)
    for name, values in made.decoded.items():
        for found in (again, eight):
            assert np.array_equal(found.decoded[name], values), (name, found.name)
            assert found.matrices[name].scales[0] == pytest.approx(made.matrices[name].scales[0], rel=1e-6)


def test_a_file_is_as_small_as_what_travels(saved: Path, tmp_path: Path) -> None:
    large = replace(random_network(1, hidden=(96, 96, 96), joint=96))
    made = compress(large, codec="zvsv", weight_bits=4, sparsity=0.75)
    save_compressed(made, tmp_path / "few.safetensors")
    save_network(large, tmp_path / "all.safetensors")
    size = (tmp_path / "few.safetensors").stat().st_size
    assert made.model_bytes < size < made.model_bytes + 6000
    assert size < 0.1 * (tmp_path / "all.safetensors").stat().st_size


def test_float_files_are_read_as_ever_and_have_no_bitstreams(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    for dtype in ("float32", "float16"):
        save_network(random_network(2), path, dtype)
        assert load_compressed(path) is None
        read, expected = load_network(path).parameters, random_network(2).parameters
        for name, value in read.items():
            kept = "float32" if name.startswith("frontend") else dtype
            assert np.array_equal(value, expected[name].astype(kept).astype(np.float32))


def test_who_reads_float_files_alone_says_so(saved: Path) -> None:
    with pytest.raises(InputError, match=r"holds bitstreams.*azsim\.load_network"):
        float_files.load_network(saved)


def test_new_activation_scales_leave_the_bitstreams_alone(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_compressed(small(), path)
    seal(path, {"encoder.0.cell": 0.25})
    same(load_compressed(path), small())
    assert load_network(path).activation_scales == {"encoder.0.cell": 0.25}


def test_the_same_values_for_another_chip() -> None:
    made, layout = small(), TileLayout(lanes=4, block_columns=8, tile_positions=64, decoder_streams=2)
    other = made.laid_out(layout)
    assert made.laid_out(made.matrices[MATRIX].encoded.layout) is made
    same(other, compress(made.network, codec="zvsv", weight_bits=4, sparsity=0.5, layout=layout))
    for name, values in other.decoded.items():
        assert np.array_equal(values, made.decoded[name])


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_flipped_bit_is_found(saved: Path, data: st.DataObject) -> None:
    content = bytearray(saved.read_bytes())
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    damaged = saved.with_name("flipped.safetensors")
    damaged.write_bytes(content)
    try:
        read = load_network(damaged)
    except InputError as error:
        message = str(error)
    else:  # as with float files: a bit of the padding, or one that renames the digest's own key
        message = str(damaged)
        assert read.digest == load_network(saved).digest or not read.verified
    assert str(damaged) in message
    assert "\n" not in message


@pytest.mark.parametrize("keep", [0, 7, 100, 0.5, 0.999])
def test_a_cut_file_is_refused(saved: Path, keep: float) -> None:
    content = saved.read_bytes()
    damaged = saved.with_name("cut.safetensors")
    damaged.write_bytes(content[: int(keep * len(content)) if isinstance(keep, float) else keep])
    with pytest.raises(InputError, match=r"cut\.safetensors") as caught:
        load_network(damaged)
    assert "\n" not in str(caught.value)


STREAM = np.frombuffer(small().matrices[MATRIX].encoded.data, np.uint8)
OTHER = np.frombuffer(small().matrices["encoder.0.recurrent"].encoded.data, np.uint8)
BENT = STREAM.copy()
BENT[-1] ^= 1


@pytest.mark.parametrize(
    ("tensors", "scales", "message"),
    [
        ({MATRIX: BENT}, {}, rf"{MATRIX}: tile 0 is damaged"),
        ({MATRIX: STREAM[:-3]}, {}, rf"{MATRIX}: stream of \d+ bytes should have"),
        ({MATRIX: STREAM[:0]}, {}, rf"{MATRIX}: stream of 0 bytes is too short"),
        ({MATRIX: OTHER}, {}, r"encoder\.1\.input: shape \(40, 24\): must be \(48, 24\)"),
        ({MATRIX: STREAM.astype(np.float32)}, {}, rf"{MATRIX}: float32 \(\d+,\): must be the uint8 bytes"),
        ({MATRIX: STREAM[None]}, {}, rf"{MATRIX}: uint8 \(1, \d+\): must be the uint8 bytes"),
        ({MATRIX: None}, {}, rf"missing {MATRIX}"),
        ({"joint.bias": STREAM}, {}, r"joint\.bias: missing; it is a bitstream"),
        ({"joint.bias": np.full(11, np.inf, np.float32)}, {}, r"joint\.bias: holds values that are not finite"),
        ({}, {MATRIX: 0.0}, rf"{MATRIX}: scale = 0: must be above 0"),
        ({}, {MATRIX: 1e39}, rf"{MATRIX}: scale = 1e\+39: must be above 0, and \d+ of it a float32"),
        ({}, {MATRIX: "1"}, r"metadata 'weight_scales': "),
        ({}, {"joint.nothing": 1.0}, r"must name every matrix and nothing else; it differs in joint\.nothing"),
        ({}, {MATRIX: None}, rf"{MATRIX}: missing; it is a bitstream"),
        ({MATRIX: np.zeros((40, 10), np.float32)}, {MATRIX: None}, rf"it differs in {MATRIX}"),
    ],
)
def test_a_forged_file_with_a_right_digest_is_refused_in_one_line(
    saved: Path, tmp_path: Path, tensors: dict, scales: dict, message: str
) -> None:
    stored, path = read_stored(saved), tmp_path / "forged.safetensors"
    parts = {name: value for name, value in {**stored.tensors, **tensors}.items() if value is not None}
    steps = {**json.loads(stored.metadata[WEIGHT_SCALES_KEY]), **scales}
    steps = {name: step for name, step in steps.items() if step is not None}
    write_sealed(path, parts, {**stored.metadata, WEIGHT_SCALES_KEY: json.dumps(steps)})
    with pytest.raises(InputError, match=message) as caught:
        load_network(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_single_matrices_may_be_coded_otherwise(tmp_path: Path) -> None:
    overrides = {"joint.*": MatrixRecipe(weight_bits=8, codec="bitmap"), MATRIX: MatrixRecipe(codec="ans")}
    made = compress(random_network(5), weight_bits=3, codec="zvsv", sparsity=0.5, overrides=overrides)
    save_compressed(made, tmp_path / "mixed.safetensors")
    same(load_compressed(tmp_path / "mixed.safetensors"), made)


def test_a_small_file_of_a_huge_network_is_refused_before_it_is_decoded(saved: Path, tmp_path: Path) -> None:
    """Every matrix alone would do; together they are too much."""
    stored, path = read_stored(saved), tmp_path / "huge.safetensors"
    stream = encode(np.zeros((1024, 1024), np.int8), "huffman", layout=TileLayout(tile_positions=1 << 20)).data
    scales = json.loads(stored.metadata[WEIGHT_SCALES_KEY])
    tensors = {**stored.tensors, **{name: np.frombuffer(stream, np.uint8) for name in scales}}
    write_sealed(path, tensors, stored.metadata)
    assert path.stat().st_size < 20_000
    with limited(24 << 20), pytest.raises(InputError, match=r"huge\.safetensors: decoding [\d,]+ weights would take"):
        load_network(path)


DEEP = '{"a":' * 50_000 + "1" + "}" * 50_000


@pytest.mark.parametrize("text", ["[" * 100_000, DEEP, '{"format":' + "9" * 5000 + "}"])
def test_a_card_that_is_nested_without_end_or_of_endless_numbers_is_refused(saved: Path, text: str) -> None:
    stored = read_stored(saved)
    for key in (CARD_KEY, WEIGHT_SCALES_KEY, SCALES_KEY):
        write_sealed(saved.with_name("deep.safetensors"), stored.tensors, {**stored.metadata, key: text})
        with pytest.raises(InputError, match=rf"deep\.safetensors: metadata '{key}': "):
            load_network(saved.with_name("deep.safetensors"))
