"""Batch normalisation put into the weights before it: one layer where there were two."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from azsim.nn.graph.graph import Graph, Node
from azsim.nn.operators.batch_norm import BatchNorm


def fold_batch_norms(graph: Graph) -> Graph:
    """The same graph without the normalisations that can join the weights before them.

    That can be where the layer before has weights of its own in rows along the normalised axis, and nothing else reads
    its output or its parameters.
    """
    parameters, nodes = dict(graph.parameters), list(graph.nodes)
    for norm in graph.nodes:
        layer = _layer_before(graph, norm)
        if layer is None:
            continue
        scale, offset = (parameters[norm.parameters[role]] for role in ("scale", "offset"))
        weights, bias = layer.parameters["weights"], layer.parameters.get("bias", f"{layer.name}.bias")
        old = parameters.get(bias, np.zeros(len(scale), np.float32))
        parameters[weights] = (scale[:, None] * parameters[weights]).astype(np.float32)
        parameters[bias] = (scale * old + offset).astype(np.float32)
        roles = {**layer.parameters, "bias": bias}
        nodes = [each for each in nodes if each.name not in (layer.name, norm.name)]
        nodes.append(replace(layer, outputs=norm.outputs, parameters=roles))
    used = {name for node in nodes for name in node.parameters.values()}
    kept = {name: value for name, value in parameters.items() if name in used}
    return replace(graph, nodes=tuple(nodes), parameters=kept)


def _layer_before(graph: Graph, norm: Node) -> Node | None:
    """The layer that a normalisation can join, None where it cannot."""
    if not isinstance(norm.operator, BatchNorm):
        return None
    source = norm.inputs[0]
    layer = graph.producers.get(source)
    if layer is None or source in graph.outputs or len(list(graph.consumers(source))) != 1:
        return None
    axis, axes = layer.operator.row_axis(), len(graph.tensors[source].shape)
    if axis is None or axis % axes != norm.operator.axis % axes:
        return None
    own = set(layer.parameters.values())
    shared = any(own & set(each.parameters.values()) for each in graph.nodes if each is not layer)
    followed = any(each.source == source for each in graph.carried)
    return None if shared or followed else layer
