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
from azsim.nn.program import Stage, VectorWork


@operator("magnitude")
@dataclass(frozen=True)
class Magnitude(Operator):
    """``sqrt(a^2 + b^2)`` of two tensors of one shape on one grid.

    Integers: ``round(isqrt((a^2 + b^2) * 4^15) * m / 2^s)``: no square is rounded, so small sizes stay exact.
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
        target, scale = at.target(), at.grid(0).scale
        need(scale == at.grid(1).scale, f"scales {scale:g} and {at.grid(1).scale:g}: must be the same")
        need(max(at.grid(0).bits, at.grid(1).bits) <= 16, "int32: must be int8 or int16")
        factor = pair(scale * 2.0**-ROOT_BITS / target.scale)

        def run(real: np.ndarray, imaginary: np.ndarray) -> np.ndarray:
            out = np.empty(real.shape, target.dtype)
            parts = (np.ascontiguousarray(each).reshape(-1) for each in (real, imaginary))
            magnitudes_flat(*parts, factor, target.limit, out.reshape(-1))
            return out

        return stateless(run)

    def lower(self, at: LoweredNode) -> tuple[Stage, ...]:
        size = at.outputs[0].size
        return (Stage(at.name, (), (VectorWork("multiply-add", 3 * size), VectorWork("square-root", size))),)


@njit(cache=True, nogil=True)
def magnitudes_flat(
    real: np.ndarray, imaginary: np.ndarray, factor: np.ndarray, high: int, out: np.ndarray
) -> None:
    """Sizes of two flat arrays' pairs on another grid; see `Magnitude`."""
    for k in range(real.size):
        a, b = np.int64(real[k]), np.int64(imaginary[k])
        out[k] = min(requantise(root(a * a + b * b), factor[0], factor[1]), high)
