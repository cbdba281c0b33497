"""Slice: part of a tensor along one axis, forwards or backwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.nn.graph.moving import Moving
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode, axis_of
from azsim.nn.graph.operator import need
from azsim.nn.graph.tensor import Shape
from azsim.nn.operators.registry import operator


@operator("slice")
@dataclass(frozen=True)
class Slice(Moving):
    """Elements ``start``, ``start + step``, ... of an axis, ``count`` of them.

    Attributes:
        axis: of one array, from 0 or from -1.
        start, count, step: which elements; a negative step goes backwards.
    """

    axis: int
    start: int
    count: int
    step: int = 1

    onnx: ClassVar[tuple[str, ...]] = ("Slice",)

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        shape = builder.shape(node)
        starts, ends = builder.constant(node, 1).ravel(), builder.constant(node, 2).ravel()
        axes = builder.optional(node, 3)
        axes = np.arange(len(starts)) if axes is None else axes.ravel()
        steps = builder.optional(node, 4)
        steps = np.ones(len(starts), int) if steps is None else steps.ravel()
        source = node.inputs[0]
        for part, (start, end, axis, step) in enumerate(zip(starts, ends, axes, steps)):
            where = axis_of(node, int(axis), len(shape))
            picked = range(shape[where])[slice(int(start), int(end), int(step))]
            last = part == len(starts) - 1
            target = node.outputs[0] if last else builder.between(node, str(part))
            if not picked:
                raise node.refuse(f"axis {int(axis)}: nothing is left of it")
            operator = cls(where, picked.start, len(picked), picked.step)
            source = builder.add(node, operator, (source,), target, part="" if last else f".{part}")

    def moved(self, shape: Shape) -> Shape:
        axes = len(shape)
        need(-axes <= self.axis < axes, f"axis {self.axis}: there are {axes}")
        axis, extent = self.axis % axes, shape[self.axis]
        last = self.start + (self.count - 1) * self.step
        inside = self.count >= 1 and self.step != 0 and min(self.start, last) >= 0 and max(self.start, last) < extent
        need(inside, f"{self.count} elements from {self.start} by {self.step}: axis {axis} has {extent}")
        return (*shape[:axis], self.count, *shape[axis + 1 :])

    def move(self, values: np.ndarray, target: Shape) -> np.ndarray:
        at = self.start + self.step * np.arange(self.count)
        return np.take(values, at, axis=self.axis % len(target) + 1)
