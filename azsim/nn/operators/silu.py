"""SiLU (swish), by the table of the sigmoid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.nn.graph.elementwise import GatedFunction
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode
from azsim.nn.operators.registry import operator
from azsim.nn.program import VectorFunction


@operator("silu")
@dataclass(frozen=True)
class Silu(GatedFunction):
    """``x sigmoid(x)``."""

    function: ClassVar[VectorFunction] = "sigmoid"

    onnx: ClassVar[tuple[str, ...]] = ("Swish",)

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        if node.number("alpha", 1.0) != 1:
            raise node.refuse("alpha: must be 1")
        builder.shape(node)
        builder.add(node, cls(), node.inputs, node.outputs[0])

    def exact(self, values: np.ndarray) -> np.ndarray:
        half = np.float32(0.5)
        return values * (half * np.tanh(half * values) + half)
