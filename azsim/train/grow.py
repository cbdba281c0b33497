"""A larger network that begins by computing what a smaller one does.

::

    old units │ 0      what old units hear from new ones
    ──────────┼───     is nothing at first, so they
    random    │ rnd    go on as before

So a teacher need not learn to hear from nothing: it begins as a recogniser that works, its second direction and its
further cells at random, and the zeros between them are trained as everything else.

**Source:** after Net2Net, T. Chen, I. Goodfellow, J. Shlens 2016 (arXiv:1511.05641), with zeros in place of shared
copies.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from azsim.errors import InputError
from azsim.train.model import TIME_REDUCTION, Shape, Transducer

GATES = 4


def grown(small: Transducer, shape: Shape) -> Transducer:
    """A network of a larger shape whose outputs are, before training, those of ``small`` (its CTC head is new).

    Raises:
        InputError: the shape is smaller somewhere, or has other labels.
    """
    old = small.shape
    widths = ("hidden", "embedding", "joint", "predicted")
    if shape.vocabulary != old.vocabulary or shape.mel_bins != old.mel_bins:
        raise InputError("sizes: a network grows only with the labels and features that it has")
    for width in widths:
        if getattr(shape, width) < getattr(old, width):
            had, wanted = getattr(old, width), getattr(shape, width)
            raise InputError(f"sizes: {width} = {wanted}: a network of {had} can only grow; give at least {had}")
    if old.bidirectional and not shape.bidirectional:
        raise InputError("sizes: bidirectional = false: the network to grow has two directions")
    large = Transducer(shape)
    parameters = dict(large.named_parameters())
    with torch.no_grad():
        for name, tensor in small.named_parameters():
            if not name.startswith(("ctc_head", "helpers")):
                rows, columns = _places(small, large, name)
                _plant(parameters[name], tensor, rows, columns)
    return large


def _plant(large: torch.Tensor, small: torch.Tensor, rows: np.ndarray, columns: np.ndarray | None) -> None:
    """Old weights at their new places; zero where an old unit would hear a new one."""
    if columns is None:
        large[rows] = small
        return
    large[rows] = 0.0
    large[np.ix_(rows, columns)] = small


def _places(small: Transducer, large: Transducer, name: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Where the rows and columns of a parameter of the small network lie in the large one's."""
    module, _, kind = name.rpartition(".")
    of_small, of_large = small.get_submodule(module), large.get_submodule(module)
    if isinstance(of_small, nn.LSTM):
        rows = _blocks(of_small.hidden_size, of_large.hidden_size, GATES)
        if kind.startswith("bias"):
            return rows, None
        if kind.startswith("weight_hh"):
            return rows, np.arange(of_small.hidden_size)
        return rows, _inputs(small, large, module)
    if isinstance(of_small, nn.Embedding):
        return np.arange(of_small.num_embeddings), np.arange(of_small.embedding_dim)
    rows = np.arange(of_small.out_features)
    return rows, None if kind == "bias" else _inputs(small, large, module)


def _inputs(small: Transducer, large: Transducer, module: str) -> np.ndarray:
    """Where the inputs of a layer of the small network lie among the large one's."""
    encoded = _encoded(small.shape, large.shape)
    if module in ("encoder.1", "encoder.2", "joint_encoder"):
        repeats = TIME_REDUCTION if module == "encoder.1" else 1
        return (np.arange(repeats)[:, None] * large.shape.encoded + encoded).ravel()
    widths = {"prediction": small.shape.embedding, "joint_prediction": small.shape.predicted}
    return np.arange({**widths, "joint_output": small.shape.joint}.get(module, small.encoder[0].input_size))


def _encoded(old: Shape, new: Shape) -> np.ndarray:
    """Where the encoder outputs of the small network lie in the large one's, direction by direction."""
    return _blocks(old.hidden, new.hidden, 2 if old.bidirectional else 1)


def _blocks(old: int, new: int, count: int) -> np.ndarray:
    """The first ``old`` of each of ``count`` blocks of ``new``."""
    return (np.arange(count)[:, None] * new + np.arange(old)).ravel()
