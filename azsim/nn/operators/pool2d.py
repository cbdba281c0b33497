"""Pooling over two axes of one array: the largest or the mean of each window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from azsim.compiled import njit
from azsim.nn.fixed_point import requantise
from azsim.nn.graph.arithmetic import pair
from azsim.nn.graph.onnx_image import as_image, from_image, padding_of, two
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode
from azsim.nn.graph.operator import (
    Execution,
    FloatNode,
    GridNode,
    IntegerNode,
    LoweredNode,
    Operator,
    need,
    stateless,
)
from azsim.nn.graph.quotient import QUOTIENT_BITS, quotient
from azsim.nn.graph.tensor import Grid, Shape, Tensor
from azsim.nn.graph.windows import Windows
from azsim.nn.operators.registry import operator
from azsim.nn.program import ProgramStage, VectorWork


@operator("pool2d")
@dataclass(frozen=True)
class Pool2d(Operator):
    """``(channels, height, width)`` to ``(channels, height', width')``; padding counts as zero in a mean.

    Integers: the largest on the input's grid; a mean as `mean_pool`'s.

    Attributes:
        function: of a window.
        kernel, stride: (height, width).
        padding: at the top, left, bottom, right.
    """

    function: Literal["max", "mean"]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)

    onnx: ClassVar[tuple[str, ...]] = ("MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool")

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        extents = builder.shape(node)[2:]
        whole = node.kind.startswith("Global")
        kernel = extents if whole else node.integers("kernel_shape", ())
        padding = (0, 0, 0, 0) if whole else padding_of(node, kernel, extents)
        function: Literal["max", "mean"] = "max" if "Max" in node.kind else "mean"
        if node.integer("ceil_mode", 0) or set(node.integers("dilations", (1,))) != {1}:
            raise node.refuse("ceil_mode and dilations: must be 0 and 1")
        if function == "mean" and any(padding) and not node.integer("count_include_pad", 0):
            raise node.refuse("count_include_pad = 0 with padding: must be 1")
        strides = two(node.integers("strides", (1,) * len(kernel)), 1)
        operator = cls(function, two(kernel), (1, 1) if whole else strides, padding)
        made = builder.add(node, operator, (as_image(node, builder),), builder.between(node, "image"))
        from_image(node, builder, made, len(kernel))

    @property
    def windows(self) -> Windows:
        """How the array is cut."""
        return Windows(self.kernel, self.stride, (1, 1), self.padding)

    @property
    def moves(self) -> bool:
        return self.function == "max"

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        need(self.function in ("max", "mean"), f"function {self.function!r}: must be 'max' or 'mean'")
        need(len(inputs) == 1 and len(inputs[0].shape) == 3, "takes one tensor (channels, height, width)")
        return (inputs[0].of(inputs[0].shape[0], *self.windows.places(inputs[0].shape)),)

    def float(self, at: FloatNode) -> Execution:
        largest = self.function == "max"

        def run(values: np.ndarray) -> np.ndarray:
            cut = self.windows.cut(values, -np.inf if largest else 0)
            return _as_image(cut.max(axis=1) if largest else cut.mean(axis=1), at.outputs[0].shape)

        return stateless(run)

    def grids(self, at: GridNode) -> tuple[Grid | None, ...]:
        return at.inputs if self.function == "max" else (at.required(),)

    def integer(self, at: IntegerNode) -> Execution:
        source, target = at.grid(), at.target()
        factor = pair(source.scale * 2.0**-QUOTIENT_BITS / target.scale)

        def run(values: np.ndarray) -> np.ndarray:
            if self.function == "max":
                return _as_image(self.windows.cut(values, source.lowest).max(axis=1), at.outputs[0].shape)
            cut = self.windows.cut(values)
            out = np.empty((len(cut), cut.shape[2]), target.dtype)
            mean_windows(cut, factor, target.lowest, target.limit, out)
            return _as_image(out, at.outputs[0].shape)

        return stateless(run)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        taps, size = self.kernel[0] * self.kernel[1], at.outputs[0].size
        if self.function == "max":
            return (ProgramStage(at.name, (), (VectorWork("compare", taps * size),)),)
        return (ProgramStage(at.name, (), (VectorWork("multiply-add", (taps + 1) * size),)),)


def _as_image(values: np.ndarray, shape: Shape) -> np.ndarray:
    """``(n * places, channels)`` to ``(n, channels, height, width)``."""
    channels, height, width = shape
    return np.ascontiguousarray(values.reshape(-1, height, width, channels).transpose(0, 3, 1, 2))


@njit(cache=True, nogil=True)
def mean_windows(cut: np.ndarray, factor: np.ndarray, low: int, high: int, out: np.ndarray) -> None:
    """The mean over taps of windows ``(n, taps, channels)``."""
    for k in range(cut.shape[0]):
        for c in range(cut.shape[2]):
            total = np.int64(0)
            for tap in range(cut.shape[1]):
                total += np.int64(cut[k, tap, c])
            result = requantise(quotient(total, cut.shape[1]), factor[0], factor[1])
            out[k, c] = min(max(result, low), high)
