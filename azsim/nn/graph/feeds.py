"""A user's inputs for a graph: streams from ``.npz`` or ``.npy`` files, one file a stream, or a folder of them.

::

    x.npz    input -> (n, *shape)    n steps of one stream; (*shape) is a single step
    x.npy    the same, for a graph with one input
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from azsim.errors import InputError, located, nearest
from azsim.matrices import UNNAMED, read_arrays
from azsim.nn.graph.graph import Graph
from azsim.nn.graph.tensor import Tensor

ENDINGS = (".npz", ".npy")
MOST_FILES = 100_000


def read_streams(path: Path, graph: Graph) -> list[dict[str, np.ndarray]]:
    """Streams for a graph, each input ``(n, *shape)``: float32, or int64 for an index.

    Raises:
        InputError: there is no file, an input is missing, or an array is of the wrong shape or not of finite numbers.
    """
    return [_stream(each, graph) for each in _files(path)]


def _files(path: Path) -> list[Path]:
    if not os.path.isdir(path):
        return [path]
    found = sorted(each for each in path.iterdir() if each.suffix.lower() in ENDINGS)
    if not found:
        raise InputError(f"{path}: holds no {' or '.join(ENDINGS)} file")
    if len(found) > MOST_FILES:
        raise InputError(f"{path}: {len(found):,} files: must be at most {MOST_FILES:,}")
    return found


def _stream(path: Path, graph: Graph) -> dict[str, np.ndarray]:
    arrays = read_arrays(path)
    with located(str(path)):
        if len(arrays) == len(graph.inputs) == 1:
            arrays = dict.fromkeys(graph.inputs, next(iter(arrays.values())))
        for name in arrays:
            if name not in graph.inputs:
                listed = ", ".join(graph.inputs)
                what = "(unnamed)" if name == UNNAMED else name
                raise InputError(f"{what}: no input of that name; there are {listed}{nearest(name, graph.inputs)}")
        stream = {}
        for name, tensor in graph.inputs.items():
            if name not in arrays:
                raise InputError(f"{name}: missing; it must be (n, {tensor})")
            stream[name] = _checked(name, arrays[name], tensor)
        lengths: Mapping[str, int] = {name: len(values) for name, values in stream.items()}
        if len(set(lengths.values())) > 1:
            said = ", ".join(f"{name} {count}" for name, count in lengths.items())
            raise InputError(f"steps: {said}: must be equally many")
    return stream


def _checked(name: str, values: np.ndarray, tensor: Tensor) -> np.ndarray:
    if values.shape == tensor.shape and tensor.shape:
        values = values[None]
    if values.shape[1:] != tensor.shape or not values.ndim or not len(values):
        raise InputError(f"{name}: shape {values.shape}: must be (n, {tensor})")
    if tensor.holds == "index":
        if values.dtype.kind not in "iu":
            raise InputError(f"{name}: {values.dtype}: must be whole numbers")
        return np.ascontiguousarray(values, np.int64)
    if not np.isfinite(values).all():
        raise InputError(f"{name}: holds values that are not finite numbers")
    return np.ascontiguousarray(values, np.float32)
