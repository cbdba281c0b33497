"""GELU, by the table of the normal distribution or of its approximation by a tanh."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.nn.graph.elementwise import GatedFunction
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode
from azsim.nn.operators.registry import operator
from azsim.nn.program import VectorFunction

_ERFC = np.frompyfunc(math.erfc, 1, 1)


@operator("gelu")
@dataclass(frozen=True)
class Gelu(GatedFunction):
    """``x P(normal < x)``.

    Attributes:
        by_tanh: ``P = (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2``, which differs by up to 3e-4.
    """

    by_tanh: bool = False

    function: ClassVar[VectorFunction] = "normal"
    onnx: ClassVar[tuple[str, ...]] = ("Gelu",)

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        builder.shape(node)
        builder.add(node, cls(node.word("approximate", "none") == "tanh"), node.inputs, node.outputs[0])

    @property
    def table(self) -> str:
        return "normal-by-tanh" if self.by_tanh else "normal"

    def exact(self, values: np.ndarray) -> np.ndarray:
        wide = np.asarray(values, np.float64)
        if self.by_tanh:
            below = 0.5 + 0.5 * np.tanh(math.sqrt(2 / math.pi) * (wide + 0.044715 * wide**3))
        else:
            below = 0.5 * _ERFC(wide / -math.sqrt(2.0)).astype(np.float64)
        return (wide * below).astype(np.float32)
