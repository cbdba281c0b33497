"""Hyperbolic tangent, by a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.nn.graph.elementwise import TableFunction
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode
from azsim.nn.operators.registry import operator
from azsim.nn.program import VectorFunction


@operator("tanh")
@dataclass(frozen=True)
class Tanh(TableFunction):
    """``tanh x``."""

    function: ClassVar[VectorFunction] = "tanh"

    onnx: ClassVar[tuple[str, ...]] = ("Tanh",)

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        builder.shape(node)
        builder.add(node, cls(), node.inputs, node.outputs[0])

    def exact(self, values: np.ndarray) -> np.ndarray:
        return np.tanh(values)
