"""Trained models as files of azsim."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

pytest.importorskip("torch", reason="training needs the extra `train`")

import torch

from azsim.errors import InputError
from azsim.nn.sealed import read_stored
from azsim.train.data import Normaliser
from azsim.train.export import TrainedModel, as_network, exported_tensors, load_model, save_model
from azsim.train.model import Shape, Transducer
from azsim.train.tokens import BLANK_PIECE, Pieces

PIECES = Pieces((BLANK_PIECE, "\u2581a", "b", "c", "d"))
FRONT = Normaliser(np.linspace(4, 6, 64, dtype=np.float32), np.linspace(0.3, 0.5, 64, dtype=np.float32))
TRAINED = TrainedModel(seed=1, steps=20, hours=0.5, sparsity=0.5, weight_bits=4, recipe="tiny", codec="zvsv")


def model_of(bidirectional: bool = False) -> Transducer:
    torch.manual_seed(0)
    model = Transducer(Shape(len(PIECES), 6, 4, 7, 3, bidirectional)).eval()
    with torch.no_grad():
        for layer in (*model.encoder, model.prediction):
            layer.bias_hh_l0.normal_()
    return model


def written(path: Path, model: Transducer, **settings: object) -> Path:
    save_model(path, model, FRONT, PIECES, "tiny", TRAINED, **settings)
    return path


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_model_comes_back_and_says_the_same(tmp_path: Path, bidirectional: bool):
    model = model_of(bidirectional)
    again, front, pieces, card = load_model(written(tmp_path / "new" / "m.safetensors", model))
    assert (pieces, card.trained, card.name) == (PIECES, TRAINED, "tiny")
    assert again.shape == model.shape
    assert front.mean.tolist() == FRONT.mean.tolist()
    for name, tensor in exported_tensors(model).items():
        assert torch.equal(exported_tensors(again)[name], tensor), name
    features = torch.randn(1, 12, 64)
    with torch.no_grad():
        assert torch.allclose(again.eval().encode(features), model.encode(features), atol=1e-6)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["m.safetensors"]


def test_the_two_biases_of_a_layer_are_one():
    model = model_of()
    found = exported_tensors(model)
    for name, layer in (("encoder.1", model.encoder[1]), ("prediction.0", model.prediction)):
        assert torch.equal(found[f"{name}.bias"], layer.bias_ih_l0 + layer.bias_hh_l0)


def test_halves_are_rounded_and_statistics_are_not(tmp_path: Path):
    model = model_of()
    arrays = load_file(written(tmp_path / "m.safetensors", model, dtype="float16"))
    for name, tensor in exported_tensors(model).items():
        assert arrays[name].dtype == np.float16
        np.testing.assert_array_equal(arrays[name], tensor.numpy().astype(np.float16))
    assert arrays["frontend.mean"].dtype == np.float32


def test_scales_are_in_the_file_if_there_are_any(tmp_path: Path):
    scales = {"encoder.0.hidden": 2.0**-7, "encoder.0.cell": 2.0**-10}
    assert read_stored(written(tmp_path / "m.safetensors", model_of(), scales=scales)).metadata["activation_scales"]
    assert "activation_scales" not in read_stored(written(tmp_path / "n.safetensors", model_of())).metadata


def test_the_network_without_a_file_is_the_one_in_it(tmp_path: Path):
    model = model_of()
    network, arrays = as_network(model, FRONT, PIECES, "tiny"), load_file(written(tmp_path / "m.safetensors", model))
    assert set(network.parameters) == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(network.parameters[name], array)
    with torch.no_grad():
        model.joint_output.weight.zero_()
    assert network.parameters["joint.output"].any()  # a copy


@pytest.mark.parametrize("missing", ["encoder.1.bias", "joint.output", "prediction.0.recurrent"])
def test_a_file_without_a_part_is_refused(tmp_path: Path, missing: str):
    path = written(tmp_path / "m.safetensors", model_of())
    arrays, metadata = load_file(path), read_stored(path).metadata
    del arrays[missing]
    save_file(arrays, path, dict(metadata))
    with pytest.raises(InputError, match=r"m\.safetensors: "):
        load_model(path)
