"""Concat: tensors joined along an axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.nn.graph.arithmetic import rescaled
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
from azsim.nn.graph.tensor import Grid, Shape, Tensor
from azsim.nn.operators.registry import operator
from azsim.nn.program import ProgramStage, VectorWork


@operator("concat")
@dataclass(frozen=True)
class Concat(Operator):
    """Tensors one after another along ``axis``.

    Integers: each is requantised to the output's grid; where all inputs share a grid, it is the output's unless another
    is stated.

    Attributes:
        axis: of one array, from 0 or from -1.
    """

    axis: int = -1

    onnx: ClassVar[tuple[str, ...]] = ("Concat",)

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        for index in range(len(node.inputs)):
            builder.shape(node, index)
        builder.add(node, cls(node.integer("axis", 0)), node.inputs, node.outputs[0])

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        need(bool(inputs), "takes at least one tensor")
        first = inputs[0]
        axes = len(first.shape)
        need(-axes <= self.axis < axes, f"axis {self.axis}: {first} has {axes}")
        axis = self.axis % axes

        def rest(shape: Shape) -> Shape:
            return shape[:axis] + shape[axis + 1 :]

        for each in inputs:
            fits = len(each.shape) == axes and rest(each.shape) == rest(first.shape) and each.holds == "values"
            need(fits and each.period == first.period, f"{first} and {each}: must be alike but for axis {axis}")
        extent = sum(each.shape[axis] for each in inputs)
        return (first.of(*first.shape[:axis], extent, *first.shape[axis + 1 :]),)

    def float(self, at: FloatNode) -> Execution:
        axis = self.axis % len(at.outputs[0].shape) + 1
        return stateless(lambda *values: np.concatenate(values, axis))

    def grids(self, at: GridNode) -> tuple[Grid | None, ...]:
        shared = at.inputs[0] if len(set(at.inputs)) == 1 else None
        return (at.stated[0] or shared or at.required(),)

    def integer(self, at: IntegerNode) -> Execution:
        axis, target = self.axis % len(at.outputs[0].shape) + 1, at.target()
        grids = [at.grid(i) for i in range(len(at.grids))]

        def run(*values: np.ndarray) -> np.ndarray:
            return np.concatenate([rescaled(each, own, target) for each, own in zip(values, grids, strict=True)], axis)

        return stateless(run)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        return (ProgramStage(at.name, (), (VectorWork("multiply-add", at.outputs[0].size),)),)
