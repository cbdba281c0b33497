"""The size of complex numbers whose parts are two tensors, as a spectrum needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.compiled import njit
from azsim.nn.fixed_point import requantise
from azsim.nn.graph.arithmetic import pair
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode
from azsim.nn.graph.operator import Execution, FloatNode, IntegerNode, LoweredNode, Operator, need, stateless
from azsim.nn.graph.root import ROOT_BITS, root
from azsim.nn.graph.tensor import Shape, Tensor
from azsim.nn.operators.registry import operator
from azsim.nn.program import ProgramStage, VectorWork


@operator("magnitude")
@dataclass(frozen=True)
class Magnitude(Operator):
    """``sqrt(a^2 + b^2)`` of two tensors of one shape.

    Integers: ``round(isqrt((a^2 + b^2) * 4^15) * m / 2^s)`` where both are on one grid: no square is rounded, so small
    sizes stay exact. On two grids, a is on the coarser one and b^2 is ``round(b^2 * m / 2^s)``, brought to a's.
    """

    onnx: ClassVar[tuple[str, ...]] = ("azsim.Magnitude",)

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        builder.shape(node, 0), builder.shape(node, 1)
        builder.add(node, cls(), node.inputs, node.outputs[0])

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        need(len(inputs) == 2 and inputs[0] == inputs[1] and inputs[0].holds == "values", "takes two tensors alike")
        return inputs[:1]

    def float(self, at: FloatNode) -> Execution:
        return stateless(lambda real, imaginary: np.sqrt(real * real + imaginary * imaginary))

    def integer(self, at: IntegerNode) -> Execution:
        target, scales = at.target(), (at.grid(0).scale, at.grid(1).scale)
        scale, swapped = max(scales), scales[1] > scales[0]
        share = pair((min(scales) / scale) ** 2)
        need(max(at.grid(0).bits, at.grid(1).bits) <= 16, "int32: must be int8 or int16")
        factor = pair(scale * 2.0**-ROOT_BITS / target.scale)

        def run(real: np.ndarray, imaginary: np.ndarray) -> np.ndarray:
            out = np.empty(real.shape, target.dtype)
            parts = [np.ascontiguousarray(each).reshape(-1) for each in (real, imaginary)]
            coarse, fine = reversed(parts) if swapped else parts
            magnitudes_flat(coarse, fine, share, factor, target.limit, out.reshape(-1))
            return out

        return stateless(run)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        size = at.outputs[0].size
        return (ProgramStage(at.name, (), (VectorWork("multiply-add", 3 * size), VectorWork("square-root", size))),)


@njit(cache=True, nogil=True)
def magnitudes_flat(
    coarse: np.ndarray, fine: np.ndarray, share: np.ndarray, factor: np.ndarray, high: int, out: np.ndarray
) -> None:
    """Sizes of two flat arrays' pairs on another grid; see `Magnitude`."""
    for k in range(coarse.size):
        a, b = np.int64(coarse[k]), np.int64(fine[k])
        power = a * a + requantise(b * b, share[0], share[1])
        out[k] = min(requantise(root(power), factor[0], factor[1]), high)
