"""Pad: more elements at the ends of an axis: zeros, the last value, or a mirror image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from azsim.nn.graph.moving import Moving
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode, axis_of
from azsim.nn.graph.operator import LoweredNode, need
from azsim.nn.graph.tensor import Shape
from azsim.nn.operators.registry import operator
from azsim.nn.program import ProgramStage, VectorWork

MODES = {"zeros": "constant", "edge": "edge", "reflect": "reflect"}


@operator("pad")
@dataclass(frozen=True)
class Pad(Moving):
    """Elements before and after those of each axis; the vector unit moves each element once.

    Attributes:
        before, after: how many, for each axis of one array.
        mode: ``zeros``; ``edge`` repeats the last value; ``reflect`` mirrors without repeating it.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    mode: Literal["zeros", "edge", "reflect"] = "zeros"

    onnx: ClassVar[tuple[str, ...]] = ("Pad",)

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        axes = len(builder.shape(node))
        pads = [int(each) for each in builder.constant(node, 1).ravel()]
        mode = {"constant": "zeros", "edge": "edge", "reflect": "reflect"}.get(node.word("mode", "constant"))
        value = builder.optional(node, 2)
        if mode is None or (value is not None and value.size and float(value.ravel()[0]) != 0):
            raise node.refuse(f"mode {node.word('mode', 'constant')}: must be constant 0, edge or reflect")
        named = builder.optional(node, 3)
        named = range(axes) if named is None else [axis_of(node, int(axis), axes) for axis in named.ravel()]
        before, after = [0] * axes, [0] * axes
        for i, axis in enumerate(named):
            before[axis], after[axis] = pads[i], pads[len(named) + i]
        builder.add(node, cls(tuple(before), tuple(after), mode), node.inputs[:1], node.outputs[0])

    def moved(self, shape: Shape) -> Shape:
        need(len(self.before) == len(self.after) == len(shape), f"before and after: must name the axes of {shape}")
        need(min((*self.before, *self.after), default=0) >= 0, "before and after: must not be negative")
        need(self.mode in MODES, f"mode {self.mode!r}: must be one of {', '.join(MODES)}")
        for extent, before, after in zip(shape, self.before, self.after, strict=True):
            need(self.mode != "reflect" or max(before, after) < extent, f"reflect: longer than an axis of {extent}")
        return tuple(b + extent + a for extent, b, a in zip(shape, self.before, self.after, strict=True))

    def move(self, values: np.ndarray, target: Shape) -> np.ndarray:
        widths = [(0, 0), *zip(self.before, self.after, strict=True)]
        return np.pad(values, widths, mode=MODES[self.mode])

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        return (ProgramStage(at.name, (), (VectorWork("multiply-add", at.outputs[0].size),)),)
