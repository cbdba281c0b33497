"""Layer normalisation over the last axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.nn.graph.normalise import normalising
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode, axis_of
from azsim.nn.graph.operator import (
    Execution,
    FloatNode,
    IntegerNode,
    LoweredNode,
    Operator,
    need,
    stateless,
)
from azsim.nn.graph.tensor import Shape, Tensor
from azsim.nn.operators.registry import operator
from azsim.nn.program import ProgramStage, VectorWork


@operator("layer_norm")
@dataclass(frozen=True)
class LayerNorm(Operator):
    """``(x - mean) / sqrt(variance + epsilon) * gain + bias`` over the last axis.

    Integers: `azsim.nn.graph.normalise`.

    Attributes:
        epsilon: added to the variance.
    """

    epsilon: float = 1e-5

    vectors: ClassVar[tuple[str, ...]] = ("gain", "bias")
    optional: ClassVar[tuple[str, ...]] = ("gain", "bias")

    onnx: ClassVar[tuple[str, ...]] = ("LayerNormalization",)

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        axes = len(builder.shape(node))
        if axis_of(node, node.integer("axis", -1), axes) != axes - 1:
            raise node.refuse("axis: must be the last")
        bias = builder.optional(node, 2)
        parameters = {"gain": builder.constant(node, 1)} | ({} if bias is None else {"bias": bias})
        builder.add(node, cls(node.number("epsilon", 1e-5)), node.inputs[:1], node.outputs[0], parameters)

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        return normalised(inputs, shapes)

    def float(self, at: FloatNode) -> Execution:
        gain, bias = at.parameters.get("gain", np.float32(1)), at.parameters.get("bias", np.float32(0))
        epsilon = np.float32(self.epsilon)

        def run(values: np.ndarray) -> np.ndarray:
            centred = values - values.mean(axis=-1, keepdims=True)
            return centred / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + epsilon) * gain + bias

        return stateless(run)

    def integer(self, at: IntegerNode) -> Execution:
        return normalising(at, centred=True, epsilon=self.epsilon)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        return (ProgramStage(at.name, (), norm_work(at.inputs[0], passes=4)),)


def normalised(inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
    """The output of a normalisation over the last axis, its parameters checked."""
    fits = len(inputs) == 1 and len(inputs[0].shape) >= 1 and inputs[0].holds == "values"
    need(fits, "takes one tensor of values")
    for role, shape in shapes.items():
        need(shape == inputs[0].shape[-1:], f"{role} of shape {shape}: must be {inputs[0].shape[-1:]}")
    return inputs


def norm_work(source: Tensor, passes: int) -> tuple[VectorWork, ...]:
    """Vector work: so many multiply-adds an element (sums, scaling, gain), a root and a quotient a row."""
    rows = source.size // source.shape[-1]
    return (
        VectorWork("multiply-add", passes * source.size),
        VectorWork("square-root", rows),
        VectorWork("divide", rows),
    )
