"""Convolution over two axes of one array, as at the front of audio and vision networks; nothing is carried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.nn.graph.onnx_image import as_image, from_image, padding_of, two
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode
from azsim.nn.graph.operator import (
    Execution,
    FloatNode,
    IntegerNode,
    LoweredNode,
    Operand,
    Operator,
    need,
    stateless,
)
from azsim.nn.graph.sums import SumsTo
from azsim.nn.graph.tensor import Shape, Tensor
from azsim.nn.graph.windows import Windows
from azsim.nn.operators.registry import operator
from azsim.nn.product import grouped_float, grouped_products
from azsim.nn.program import MatrixUse, ProgramStage, VectorWork


@operator("conv2d")
@dataclass(frozen=True)
class Conv2d(Operator):
    """``(channels, height, width)`` to ``(rows, height', width')``.

    ``weights`` are ``(rows, taps * channels / groups)``: for each row its taps line by line, in each the channels of
    its group. Zeros lie around the array.

    Integers: as a dense layer, one vector for each place.

    Attributes:
        kernel, stride, dilation: (height, width).
        padding: zeros at the top, left, bottom, right.
        groups: of channels and rows; depthwise: as many as channels.
    """

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    groups: int = 1

    matrices: ClassVar[tuple[str, ...]] = ("weights",)
    vectors: ClassVar[tuple[str, ...]] = ("bias",)
    optional: ClassVar[tuple[str, ...]] = ("bias",)

    onnx: ClassVar[tuple[str, ...]] = ("Conv",)

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        weights, bias = builder.constant(node, 1), builder.optional(node, 2)
        image, kernel = as_image(node, builder), weights.shape[2:]
        if len(kernel) + 2 != len(builder.shape(node)) or len(kernel) not in (1, 2):
            raise node.refuse(f"weights of shape {weights.shape}: must be of one or two axes, as the input")
        spread = weights.reshape(*weights.shape[:2], *(1,) * (2 - len(kernel)), *kernel)
        operator = cls(
            kernel=(spread.shape[2], spread.shape[3]),
            stride=two(node.integers("strides", (1,) * len(kernel))),
            dilation=two(node.integers("dilations", (1,) * len(kernel))),
            padding=padding_of(node, kernel, builder.shape(node)[2:]),
            groups=node.integer("group", 1),
        )
        matrix = spread.transpose(0, 2, 3, 1).reshape(len(weights), -1)
        parameters = {"weights": matrix} | ({} if bias is None else {"bias": bias})
        made = builder.add(node, operator, (image,), builder.between(node, "image"), parameters)
        from_image(node, builder, made, len(kernel))

    @property
    def windows(self) -> Windows:
        """How the array is cut."""
        return Windows(self.kernel, self.stride, self.dilation, self.padding)

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        need(len(inputs) == 1 and len(inputs[0].shape) == 3, "takes one tensor (channels, height, width)")
        channels, (rows, columns) = inputs[0].shape[0], shapes["weights"]
        need(self.groups >= 1, f"groups {self.groups}: must be at least 1")
        need(channels % self.groups == rows % self.groups == 0, f"groups {self.groups}: {channels} to {rows} channels")
        wanted = self.kernel[0] * self.kernel[1] * channels // self.groups
        need(columns == wanted, f"weights of shape {(rows, columns)}: must have {wanted} columns")
        need(shapes.get("bias", (rows,)) == (rows,), f"bias of shape {shapes.get('bias')}: must be ({rows},)")
        return (inputs[0].of(rows, *self.windows.places(inputs[0].shape)),)

    def operand(self, index: int) -> Operand:
        return "product"

    def takes_wide(self, index: int) -> bool:
        return True

    def row_axis(self) -> int | None:
        return 0

    def float(self, at: FloatNode) -> Execution:
        weights, bias = at.parameters["weights"], at.parameters.get("bias", np.float32(0))

        def run(values: np.ndarray) -> np.ndarray:
            sums = grouped_float(weights, self.windows.cut(values), self.groups) + bias
            return _as_image(sums, at.outputs[0].shape)

        return stateless(run)

    def integer(self, at: IntegerNode) -> Execution:
        weights, finish = np.ascontiguousarray(at.weights["weights"].values), SumsTo.of(at, at.weights["weights"])

        def run(values: np.ndarray) -> np.ndarray:
            sums = grouped_products(weights, self.windows.cut(values), self.groups)
            return _as_image(finish(sums), at.outputs[0].shape)

        return stateless(run)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        _, height, width = at.outputs[0].shape
        use = MatrixUse(at.matrices["weights"], "input", at.operand(), at.passes * height * width)
        size = at.outputs[0].size
        return (ProgramStage(at.name, (use,), (*at.joining(size), VectorWork("multiply-add", size))),)


def _as_image(sums: np.ndarray, shape: Shape) -> np.ndarray:
    """``(n * places, rows)`` to ``(n, rows, height, width)``."""
    rows, height, width = shape
    return np.ascontiguousarray(sums.reshape(-1, height, width, rows).transpose(0, 3, 1, 2))
