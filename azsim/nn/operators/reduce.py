"""Sums and means along axes of one array."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from azsim.nn.graph.arithmetic import pair, rescale_flat
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode, axis_of
from azsim.nn.graph.operator import Execution, FloatNode, IntegerNode, LoweredNode, Operator, need, stateless
from azsim.nn.graph.tensor import Shape, Tensor
from azsim.nn.operators.registry import operator
from azsim.nn.program import ProgramStage, VectorWork

MOST_TERMS = 1 << 30


@operator("reduce")
@dataclass(frozen=True)
class Reduce(Operator):
    """The sum or mean along axes, which stay with an extent of 1.

    Integers: the exact sum, ``saturate(round(sum * m / 2^s))``; a mean's ``1 / n`` is in ``m / 2^s``.

    Attributes:
        axes: counted from 0, rising.
        mean: rather than the sum.
    """

    axes: tuple[int, ...]
    mean: bool = False

    onnx: ClassVar[tuple[str, ...]] = ("ReduceSum", "ReduceMean")

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        shape = builder.shape(node)
        given = builder.optional(node, 1)
        stated = node.integers("axes", ()) if given is None else [int(each) for each in given.ravel()]
        if not stated and node.integer("noop_with_empty_axes", 0):
            raise node.refuse("noop_with_empty_axes: must be 0 where no axes are given")
        axes = tuple(sorted({axis_of(node, axis, len(shape)) for axis in stated or range(len(shape))}))
        left = tuple(extent for axis, extent in enumerate(shape) if axis not in axes)
        dropped = not node.integer("keepdims", 1)
        target = builder.between(node, "kept") if dropped else node.outputs[0]
        builder.add(node, cls(axes, node.kind == "ReduceMean"), node.inputs[:1], target)
        if dropped:
            from azsim.nn.operators.reshape import Reshape

            builder.add(node, Reshape(left), (target,), node.outputs[0], part=".out")

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        need(len(inputs) == 1 and inputs[0].holds == "values", "takes one tensor of values")
        shape = inputs[0].shape
        need(bool(self.axes) and all(0 <= axis < len(shape) for axis in self.axes), f"axes {self.axes} of {shape}")
        need(len(set(self.axes)) == len(self.axes), f"axes {self.axes}: one is there twice")
        need(prod(shape[axis] for axis in self.axes) <= MOST_TERMS, "sums of more than 2**30 terms")
        return (inputs[0].of(*(1 if axis in self.axes else extent for axis, extent in enumerate(shape))),)

    def float(self, at: FloatNode) -> Execution:
        axes, function = self._behind_steps, np.mean if self.mean else np.sum
        return stateless(lambda values: function(values, axis=axes, keepdims=True, dtype=np.float32))

    def integer(self, at: IntegerNode) -> Execution:
        target, terms = at.target(), prod(at.inputs[0].shape[axis] for axis in self.axes)
        factor = pair(at.grid().scale / target.scale / (terms if self.mean else 1))
        axes = self._behind_steps

        def run(values: np.ndarray) -> np.ndarray:
            sums = np.ascontiguousarray(values.sum(axis=axes, keepdims=True, dtype=np.int64))
            out = np.empty(sums.shape, target.dtype)
            rescale_flat(sums.reshape(-1), factor[0], factor[1], target.lowest, target.limit, out.reshape(-1))
            return out

        return stateless(run)

    @property
    def _behind_steps(self) -> tuple[int, ...]:
        return tuple(axis + 1 for axis in self.axes)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        work = VectorWork("multiply-add", at.inputs[0].size + at.outputs[0].size)
        return (ProgramStage(at.name, (), (work,)),)
