"""Checkpoints: what is written is read, and nothing damaged is."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from azsim.errors import InputError
from azsim.nn.rnnt.load import load_network
from azsim.nn.rnnt.save import metadata_of, save_network
from azsim.nn.sealed import seal


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    from tests.conftest import random_network

    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    save_network(random_network(), path)
    return path


def one_line(error: pytest.ExceptionInfo[InputError], path) -> None:
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_round_trip(tiny_network, tmp_path):
    path = tmp_path / "new" / "model.safetensors"
    scales = {"encoder.0.cell": 2.0**-10}
    digest = save_network(replace(tiny_network, activation_scales=scales), path)
    read = load_network(path)
    assert read.digest == digest
    assert read.verified
    assert read.activation_scales == scales
    assert read.pieces == tiny_network.pieces
    assert set(read.parameters) == set(tiny_network.parameters)
    for name, value in tiny_network.parameters.items():
        assert np.array_equal(read.parameters[name], value)
    assert [p.name for p in path.parent.iterdir()] == ["model.safetensors"]


def test_a_folder_stands_for_the_network_in_it(saved, tmp_path, monkeypatch):
    assert load_network(saved.parent).digest == load_network(saved).digest
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty': is a folder without model\.safetensors"):
        load_network(tmp_path / "empty")
    (tmp_path / "rnnt-student").mkdir()
    monkeypatch.chdir(tmp_path)
    assert load_network("rnnt-student").verified, "a shipped name means the shipped network"
    monkeypatch.chdir(saved.parent)
    assert load_network(".").digest == load_network(saved).digest


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_flipped_bit_is_found(saved, data):
    content = bytearray(saved.read_bytes())
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    damaged = saved.with_name("flipped.safetensors")
    damaged.write_bytes(content)
    try:
        read = load_network(damaged)
    except InputError as error:
        message = str(error)
    else:  # a bit of the padding, or one that renames the digest's own key: never a wrong content taken for verified
        message = str(damaged)
        assert read.digest == load_network(saved).digest or not read.verified
    assert str(damaged) in message
    assert "\n" not in message


@pytest.mark.parametrize("keep", [0, 7, 100, 0.5, 0.999])
def test_a_cut_file_is_refused(saved, keep):
    content = saved.read_bytes()
    damaged = saved.with_name("cut.safetensors")
    damaged.write_bytes(content[: int(keep * len(content)) if isinstance(keep, float) else keep])
    with pytest.raises(InputError) as error:
        load_network(damaged)
    one_line(error, damaged)


def test_float16_and_no_digest_are_read_as_unverified(tiny_network, tmp_path):
    path = tmp_path / "mine.safetensors"
    card = {"format": 1, "kind": "rnnt", "name": "mine", "stack": 3, "time_reduction_after": 0, "time_reduction": 2}
    card |= {"feature_clip": 4.0, "pieces": list(tiny_network.pieces), "trained": {"seed": 3}}
    tensors = {name: value.astype(np.float16) for name, value in tiny_network.parameters.items()}
    save_file(tensors, path, {"azsim": json.dumps(card)})
    read = load_network(path)
    assert not read.verified
    assert read.parameters["joint.bias"].dtype == np.float32
    digest = seal(path, {"encoder.0.cell": 0.25})
    sealed = load_network(path)
    assert (sealed.verified, sealed.digest, sealed.activation_scales) == (True, digest, {"encoder.0.cell": 0.25})


def test_missing_file_and_unknown_name(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_network(tmp_path / "none.safetensors")
    with pytest.raises(InputError, match="not shipped"):
        load_network("no-such-model")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"joint.bias": None}, "missing joint.bias"),
        ({"extra.weight": np.zeros((2, 2))}, "unknown extra.weight"),
        ({"joint.bias": np.zeros(5)}, r"joint\.bias: shape \(5,\): must be \(11,\)"),
        ({"joint.bias": np.full(11, np.nan)}, "not finite"),
        ({"prediction.embedding": np.zeros((3, 7))}, "prediction.embedding: shape"),
    ],
)
def test_parts_that_do_not_fit_are_refused(tiny_network, tmp_path, change, message):
    parameters = {**tiny_network.parameters, **change}
    path = tmp_path / "model.safetensors"
    kept = {name: value for name, value in parameters.items() if value is not None}
    save_network(replace(tiny_network, parameters=kept), path)
    with pytest.raises(InputError, match=message) as error:
        load_network(path)
    one_line(error, path)


def test_a_parameter_without_dimensions_is_refused(tiny_network, tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({**tiny_network.parameters, "joint.bias": np.array(1.0, np.float32)}, path, metadata_of(tiny_network, {}))
    with pytest.raises(InputError, match=r"joint\.bias: a single number: must be a vector or a matrix"):
        load_network(path)


def test_a_file_without_a_card_is_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    save_file({"x": np.zeros(3, np.float32)}, path)
    with pytest.raises(InputError, match="metadata 'azsim': missing"):
        load_network(path)
