"""Slice: part of a tensor along one axis, forwards or backwards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.nn.graph.moving import Moving
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
