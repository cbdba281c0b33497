"""Square root of each element."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.compiled import njit
from azsim.nn.fixed_point import requantise
from azsim.nn.graph.arithmetic import pair
from azsim.nn.graph.elementwise import Elementwise
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode
from azsim.nn.graph.operator import Execution, IntegerNode, LoweredNode, stateless
from azsim.nn.graph.root import ROOT_BITS, root
from azsim.nn.operators.registry import operator
from azsim.nn.program import ProgramStage, VectorWork


@operator("sqrt")
@dataclass(frozen=True)
class Sqrt(Elementwise):
    """``sqrt(x)``; below 0 it is no number in float, and 0 in integers.

    Integers: ``round(isqrt(x * 4^15) * m / 2^s)``; in ``m / 2^s`` are the root of the input's scale and the output's.
    """

    onnx: ClassVar[tuple[str, ...]] = ("Sqrt",)

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        builder.shape(node)
        builder.add(node, cls(), node.inputs, node.outputs[0])

    def exact(self, values: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return np.sqrt(values)

    def integer(self, at: IntegerNode) -> Execution:
        target = at.target()
        factor = pair(at.grid().scale ** 0.5 * 2.0**-ROOT_BITS / target.scale)

        def run(values: np.ndarray) -> np.ndarray:
            out = np.empty(values.shape, target.dtype)
            roots_flat(np.ascontiguousarray(values).reshape(-1), factor, target.limit, out.reshape(-1))
            return out

        return stateless(run)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        size = at.outputs[0].size
        return (ProgramStage(at.name, (), (VectorWork("square-root", size), VectorWork("multiply-add", size))),)


@njit(cache=True, nogil=True)
def roots_flat(values: np.ndarray, factor: np.ndarray, high: int, out: np.ndarray) -> None:
    """Roots of a flat array on another grid; see `Sqrt`."""
    for k in range(values.size):
        out[k] = min(requantise(root(max(np.int64(values[k]), np.int64(0))), factor[0], factor[1]), high)
