"""Transpose: axes in another order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.nn.graph.moving import Moving
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode
from azsim.nn.graph.operator import LoweredNode, need
from azsim.nn.graph.tensor import Shape
from azsim.nn.operators.registry import operator
from azsim.nn.program import ProgramStage, VectorWork


@operator("transpose")
@dataclass(frozen=True)
class Transpose(Moving):
    """Axis ``i`` of the output is axis ``order[i]`` of the input; the vector unit moves each element once.

    Attributes:
        order: a permutation of the axes of one array.
    """

    order: tuple[int, ...]

    onnx: ClassVar[tuple[str, ...]] = ("Transpose",)

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        axes = len(builder.shape(node))
        order = node.integers("perm", range(axes)[::-1])
        builder.add(node, cls(order), node.inputs, node.outputs[0])

    def moved(self, shape: Shape) -> Shape:
        need(sorted(self.order) == list(range(len(shape))), f"order {self.order}: must name the axes of {shape}")
        return tuple(shape[axis] for axis in self.order)

    def move(self, values: np.ndarray, target: Shape) -> np.ndarray:
        return np.ascontiguousarray(values.transpose(0, *(axis + 1 for axis in self.order)))

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        return (ProgramStage(at.name, (), (VectorWork("multiply-add", at.outputs[0].size),)),)
