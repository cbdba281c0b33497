"""Reshape: the same values in another shape."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from azsim.nn.graph.moving import Moving
from azsim.nn.graph.operator import need
from azsim.nn.graph.tensor import Shape
from azsim.nn.operators.registry import operator


@operator("reshape")
@dataclass(frozen=True)
class Reshape(Moving):
    """The values of one array in rows of another shape.

    Attributes:
        shape: of the output.
    """

    shape: Shape

    def moved(self, shape: Shape) -> Shape:
        need(prod(shape) == prod(self.shape), f"shape {self.shape}: does not hold what {shape} holds")
        return self.shape

    def move(self, values: np.ndarray, target: Shape) -> np.ndarray:
        return values.reshape(len(values), *target)
