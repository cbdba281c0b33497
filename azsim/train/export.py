"""A trained transducer as the file that the rest of azsim reads.

A safetensors file of float32 (or float16) tensors: ``frontend.*``,
``encoder.{0,1,2}.{input,recurrent,bias}``, ``prediction.*``, ``joint.*``,
gates in the order input, forget, cell, output, and one metadata entry
``azsim`` that holds JSON: kind, word pieces, strides, and how it was trained.
A bidirectional encoder has ``encoder.*.reverse.*`` as well, one with branches
``encoder.*.small.{input,recurrent,expand,bias}`` and, if it picks them itself,
``arbiter.0.*``, ``arbiter.score`` and ``arbiter.score_bias``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import numpy as np
import torch
from safetensors.numpy import save
from torch import nn

from azsim.compress.stored import network_in
from azsim.errors import InputError
from azsim.nn.normalisation import Normalisation
from azsim.nn.rnnt.network import Network
from azsim.nn.sealed import CARD_KEY, SCALES_KEY, decode_metadata, read_stored, write_tensors
from azsim.train.data import FEATURE_CLIP, Normaliser
from azsim.train.model import STACK, TIME_REDUCTION, Shape, Transducer
from azsim.train.tokens import Pieces

FORMAT = 1
DTYPES = {"float32": np.float32, "float16": np.float16}


class TrainedModel(msgspec.Struct, frozen=True):
    """How a model came about.

    Attributes:
        recipe: the name of its run.
        start: the run or network that it really went on from, or ``scratch``; empty in files that do not say.
        sparsity, weight_bits, codec: what it was trained for, if any.
    """

    seed: int
    steps: int
    hours: float
    sparsity: float = 0.0
    weight_bits: int = 0
    recipe: str = ""
    codec: str = ""
    start: str = ""


class ModelCard(msgspec.Struct, frozen=True, omit_defaults=True):
    """The metadata of an exported transducer."""

    format: int
    kind: str
    name: str
    dtype: str
    stack: int
    time_reduction_after: int
    time_reduction: int
    feature_clip: float
    pieces: list[str]
    trained: TrainedModel
    normalisation: Normalisation = "global"


def exported_tensors(model: Transducer) -> dict[str, torch.Tensor]:
    """The model's weights under their exported names; the two biases of an LSTM are one vector."""
    tensors: dict[str, torch.Tensor] = dict(model.matrices())
    for name, layer, end in _directions(model):
        tensors[f"{name}.bias"] = getattr(layer, f"bias_ih_l0{end}") + getattr(layer, f"bias_hh_l0{end}")
    tensors |= model.branches.vectors() if model.branches else {}
    tensors["joint.bias"] = model.joint_encoder.bias
    tensors["joint.output_bias"] = model.joint_output.bias
    return {name: tensor.detach() for name, tensor in tensors.items()}


def _directions(model: Transducer) -> Iterator[tuple[str, nn.LSTM, str]]:
    """Every direction of every LSTM: its exported name, the layer, the ending of PyTorch's names."""
    encoder = ((f"encoder.{i}", layer) for i, layer in enumerate(model.encoder))
    for name, layer in (*encoder, ("prediction.0", model.prediction)):
        yield name, layer, ""
        if layer.bidirectional:
            yield f"{name}.reverse", layer, "_reverse"


def save_model(
    path: Path,
    model: Transducer,
    normaliser: Normaliser,
    pieces: Pieces,
    name: str,
    trained: TrainedModel,
    dtype: str = "float32",
    scales: Mapping[str, float] | None = None,
) -> None:
    """Write the exported file, with activation scales if it was trained for them; whole or not at all."""
    arrays = {key: tensor.numpy() for key, tensor in exported_tensors(model).items()}
    arrays |= {"frontend.mean": normaliser.mean, "frontend.inv_std": normaliser.inv_std}
    arrays = {
        key: np.ascontiguousarray(array, np.float32 if key.startswith("frontend") else DTYPES[dtype])
        for key, array in arrays.items()
    }
    card = ModelCard(
        FORMAT, "rnnt", name, dtype, STACK, 0, TIME_REDUCTION, FEATURE_CLIP, list(pieces.strings), trained,
        normaliser.normalisation,
    )  # fmt: skip
    metadata = {CARD_KEY: msgspec.json.encode(card).decode()}
    if scales:
        metadata[SCALES_KEY] = msgspec.json.encode(dict(sorted(scales.items()))).decode()
    write_tensors(path, arrays, metadata, save)


def load_model(path: Path) -> tuple[Transducer, Normaliser, Pieces, ModelCard]:
    """Rebuild the PyTorch model from an exported file; its CTC head is new.

    Raises:
        InputError: the file is damaged or is not an exported transducer.
    """
    stored = read_stored(path)
    card = decode_metadata(stored, CARD_KEY, ModelCard)
    network = network_in(stored)
    arrays = network.parameters
    pieces = Pieces(tuple(card.pieces))
    model = Transducer(_shape(arrays, len(pieces)))
    try:
        for key, place in exported_tensors(model).items():
            place.copy_(torch.from_numpy(arrays[key]))
        for name, layer, end in _directions(model):
            getattr(layer, f"bias_ih_l0{end}").data.copy_(torch.from_numpy(arrays[f"{name}.bias"]))
            getattr(layer, f"bias_hh_l0{end}").data.zero_()
        if model.branches and model.branches.arbiter:
            model.branches.arbiter.bias_ih_l0.data.copy_(torch.from_numpy(arrays["arbiter.0.bias"]))
            model.branches.arbiter.bias_hh_l0.data.zero_()
    except (KeyError, RuntimeError) as error:
        raise InputError(f"{path}: not a network that azsim.train can go on with: {error}") from error
    return model, Normaliser.of(network), pieces, card


def as_network(model: Transducer, normaliser: Normaliser, pieces: Pieces, name: str) -> Network:
    """The model as the rest of azsim sees it, without a file."""
    parameters = {key: tensor.numpy().copy() for key, tensor in exported_tensors(model).items()}
    parameters |= {"frontend.mean": normaliser.mean, "frontend.inv_std": normaliser.inv_std}
    return Network(
        name=name,
        parameters=parameters,
        pieces=pieces.strings,
        stack=STACK,
        time_reduction_after=0,
        time_reduction=TIME_REDUCTION,
        feature_clip=FEATURE_CLIP,
        activation_scales={},
        digest="",
        source=name,
        verified=False,
        normalisation=normaliser.normalisation,
    )


def _shape(arrays: Mapping[str, np.ndarray], vocabulary: int) -> Shape:
    return Shape(
        vocabulary,
        hidden=arrays["encoder.0.recurrent"].shape[1],
        embedding=arrays["prediction.embedding"].shape[1],
        joint=arrays["joint.output"].shape[1],
        prediction=arrays["prediction.0.recurrent"].shape[1],
        bidirectional="encoder.0.reverse.input" in arrays,
        branch_rank=len(arrays["encoder.0.small.input"]) if "encoder.0.small.input" in arrays else 0,
        arbiter=arrays["arbiter.0.recurrent"].shape[1] if "arbiter.0.recurrent" in arrays else 0,
    )
