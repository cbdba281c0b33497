"""Reshape: the same values in another shape."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from azsim.nn.graph.moving import Moving
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode, axis_of
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

    onnx: ClassVar[tuple[str, ...]] = ("Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity")

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        shape = builder.shape(node)
        size = prod(shape)
        match node.kind:
            case "Reshape":
                asked = [int(each) for each in builder.constant(node, 1)]
                copied = [shape[i] if n == 0 and not node.integer("allowzero", 0) else n for i, n in enumerate(asked)]
                known = prod(n for n in copied if n >= 0)
                shape = tuple(size // known if n < 0 else n for n in copied)
            case "Squeeze":
                axes = _axes(node, builder, len(shape), [i for i, n in enumerate(shape) if n == 1])
                shape = tuple(n for i, n in enumerate(shape) if i not in axes)
            case "Unsqueeze":
                axes = _axes(node, builder, len(shape) + int(builder.constant(node, 1).size), [])
                rest = iter(shape)
                shape = tuple(1 if i in axes else next(rest) for i in range(len(shape) + len(axes)))
            case "Flatten":
                at = node.integer("axis", 1)
                at += len(shape) if at < 0 else 0
                shape = (prod(shape[:at]), prod(shape[at:]))
        builder.add(node, cls(shape), node.inputs[:1], node.outputs[0])

    def moved(self, shape: Shape) -> Shape:
        need(prod(shape) == prod(self.shape), f"shape {self.shape}: does not hold what {shape} holds")
        return self.shape

    def move(self, values: np.ndarray, target: Shape) -> np.ndarray:
        return values.reshape(len(values), *target)


def _axes(node: OnnxNode, builder: OnnxBuilder, axes: int, default: list[int]) -> list[int]:
    """The axes that the second input names."""
    given = builder.optional(node, 1)
    return default if given is None else [axis_of(node, int(axis), axes) for axis in given.ravel()]
