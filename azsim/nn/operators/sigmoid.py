"""Logistic sigmoid, by a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.nn.graph.elementwise import TableFunction
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode
from azsim.nn.operators.registry import operator
from azsim.nn.program import VectorFunction


@operator("sigmoid")
@dataclass(frozen=True)
class Sigmoid(TableFunction):
    """``1 / (1 + exp(-x))``."""

    function: ClassVar[VectorFunction] = "sigmoid"

    onnx: ClassVar[tuple[str, ...]] = ("Sigmoid",)

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        builder.shape(node)
        builder.add(node, cls(), node.inputs, node.outputs[0])

    def exact(self, values: np.ndarray) -> np.ndarray:
        half = np.float32(0.5)
        return half * np.tanh(half * values) + half
