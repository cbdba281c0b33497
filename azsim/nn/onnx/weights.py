"""The weights that a model holds, wherever they lie, without making a graph of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from azsim.nn.onnx.model import graphs_in, onnx_package, read_model


def weight_arrays(path: Path, least: int) -> dict[str, np.ndarray]:
    """Name -> array of floats or 8-bit integers, of at least two axes and so many elements.

    Unsigned bytes are moved by 128. Arrays within branches and constant nodes are among them.

    Raises:
        InputError: as `azsim.nn.onnx.model.read_model`.
    """
    onnx, model = onnx_package(), read_model(path)
    found: dict[str, np.ndarray] = {}
    for graph in graphs_in(model.graph):
        named = [(each.name, each) for each in graph.initializer]
        named += [
            (node.output[0], attribute.t)
            for node in graph.node
            if node.op_type == "Constant"
            for attribute in node.attribute
            if attribute.HasField("t")
        ]
        for name, tensor in named:
            array = onnx.numpy_helper.to_array(tensor)
            if array.ndim < 2 or array.size < least:
                continue
            if array.dtype == np.uint8:
                array = (array.astype(np.int16) - 128).astype(np.int8)
            if array.dtype.kind == "f" or array.dtype == np.int8:
                found[name] = array
    return found
