"""A larger or a smaller network that begins with what another one has learned.

::

    grown            old units │ 0      what old units hear from new      shrunk   the units that others listen
                     ──────────┼───     ones is nothing at first, so               to most, and the weights
                     random    │ rnd    they go on as before                       among them

So a teacher need not learn to hear from nothing: it begins as a recogniser that works, its second direction and its
further cells at random, and the zeros between them are trained as everything else. A small student begins with the
larger network's most important cells; it no longer works, but learns again in a fraction of the time.

**Source:** growing after Net2Net, T. Chen, I. Goodfellow, J. Shlens 2016 (arXiv:1511.05641), with zeros in place of
shared copies; shrinking after structured pruning by magnitude, H. Li et al. 2017 (arXiv:1608.08710), of whole cells.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from azsim.errors import InputError
from azsim.train.model import ENCODER_LAYERS, TIME_REDUCTION, TRAINING_ONLY, Shape, Transducer

GATES = 4
WIDTHS = ("hidden", "embedding", "joint", "predicted")
Units = Mapping[str, np.ndarray]


def resized(model: Transducer, shape: Shape) -> Transducer:
    """A network of another shape that begins with what ``model`` has learned; its CTC head is new.

    Raises:
        InputError: the shape is larger in one width and smaller in another, or has other labels.
    """
    had = model.shape
    if had.branch_rank:
        raise InputError("sizes: a network with branches cannot be resized")
    if shape.vocabulary != had.vocabulary or shape.mel_bins != had.mel_bins:
        raise InputError("sizes: a network is resized only with the labels and features that it has")
    more = [width for width in WIDTHS if getattr(shape, width) > getattr(had, width)]
    fewer = [width for width in WIDTHS if getattr(shape, width) < getattr(had, width)]
    more += ["bidirectional"] if shape.bidirectional and not had.bidirectional else []
    fewer += ["bidirectional"] if had.bidirectional and not shape.bidirectional else []
    if more and fewer:
        raise InputError(f"sizes: {more[0]} is larger and {fewer[0]} smaller than it was; either grow or shrink")
    if fewer:
        if had.bidirectional:
            raise InputError("sizes: a network of two directions can only grow")
        return shrunk(model, shape)
    return grown(model, shape)


def grown(small: Transducer, shape: Shape) -> Transducer:
    """A larger network whose outputs are, before training, those of ``small``."""
    large = Transducer(shape)
    units = {name: np.arange(count) for name, count in _counts(small.shape).items()}
    parameters = dict(large.named_parameters())
    with torch.no_grad():
        for name, tensor in _kept(small):
            rows, columns = _places(small, large, name, units)
            if columns is None:
                parameters[name][rows] = tensor
            else:
                parameters[name][rows] = 0.0
                parameters[name][np.ix_(rows, columns)] = tensor
    return large


def shrunk(large: Transducer, shape: Shape) -> Transducer:
    """A smaller network: of each layer of ``large``, the units whose outgoing weights are largest."""
    small = Transducer(shape)
    units = {name: _most_heard(large, name, count) for name, count in _counts(shape).items()}
    parameters = dict(large.named_parameters())
    with torch.no_grad():
        for name, tensor in _kept(small):
            rows, columns = _places(small, large, name, units)
            tensor.copy_(parameters[name][rows] if columns is None else parameters[name][np.ix_(rows, columns)])
    return small


def _kept(model: Transducer) -> list[tuple[str, nn.Parameter]]:
    return [each for each in model.named_parameters() if not each[0].startswith(TRAINING_ONLY)]


def _counts(shape: Shape) -> dict[str, int]:
    """Units of each layer (of each direction of the encoder's)."""
    layers = {f"encoder.{index}": shape.hidden for index in range(ENCODER_LAYERS)}
    return layers | {"embedding": shape.embedding, "prediction": shape.predicted, "joint": shape.joint}


def _most_heard(model: Transducer, name: str, count: int) -> np.ndarray:
    """The units of a layer whose outgoing weights have the largest norm, in their order."""
    listeners = {
        "encoder.0": (model.encoder[0].weight_hh_l0, *model.encoder[1].weight_ih_l0.chunk(TIME_REDUCTION, 1)),
        "encoder.1": (model.encoder[1].weight_hh_l0, model.encoder[2].weight_ih_l0),
        "encoder.2": (model.encoder[2].weight_hh_l0, model.joint_encoder.weight),
        "embedding": (model.prediction.weight_ih_l0,),
        "prediction": (model.prediction.weight_hh_l0, model.joint_prediction.weight),
        "joint": (model.joint_output.weight,),
    }[name]
    heard = sum(weights.detach().square().sum(0) for weights in listeners)
    return np.sort(np.argsort(-heard.numpy(), kind="stable")[:count])


def _places(small: Transducer, large: Transducer, name: str, units: Units) -> tuple[np.ndarray, np.ndarray | None]:
    """Where the rows and columns of a parameter of the small network lie in the large one's.

    Args:
        small, large: the networks.
        name: of the parameter.
        units: layer -> where each unit of the small network lies among the large one's.
    """
    module, _, kind = name.rpartition(".")
    of_small, of_large = small.get_submodule(module), large.get_submodule(module)
    if isinstance(of_small, nn.LSTM):
        rows = _blocks(units[module], of_large.hidden_size, GATES)
        if kind.startswith("bias"):
            return rows, None
        return rows, units[module] if kind.startswith("weight_hh") else _inputs(small, large, module, units)
    if isinstance(of_small, nn.Embedding):
        return np.arange(of_small.num_embeddings), units["embedding"]
    rows = np.arange(of_small.out_features) if module == "joint_output" else units["joint"]
    return rows, None if kind == "bias" else _inputs(small, large, module, units)


def _inputs(small: Transducer, large: Transducer, module: str, units: Units) -> np.ndarray:
    """Where the inputs of a layer of the small network lie among the large one's."""
    before = {"encoder.1": "encoder.0", "encoder.2": "encoder.1", "joint_encoder": "encoder.2"}.get(module)
    if before:
        encoded = _blocks(units[before], large.shape.hidden, 2 if small.shape.bidirectional else 1)
        return _blocks(encoded, large.shape.encoded, TIME_REDUCTION if module == "encoder.1" else 1)
    if module == "encoder.0":
        return np.arange(small.encoder[0].input_size)
    return units[{"prediction": "embedding", "joint_prediction": "prediction", "joint_output": "joint"}[module]]


def _blocks(within: np.ndarray, width: int, count: int) -> np.ndarray:
    """The same places within each of ``count`` blocks of ``width``."""
    return (np.arange(count)[:, None] * width + within).ravel()
