"""RMS normalisation over the last axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.nn.graph.normalise import normalising
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode, axis_of
from azsim.nn.graph.operator import Execution, FloatNode, IntegerNode, LoweredNode, Operator, stateless
from azsim.nn.graph.tensor import Shape, Tensor
from azsim.nn.operators.layer_norm import norm_work, normalised
from azsim.nn.operators.registry import operator
from azsim.nn.program import ProgramStage


@operator("rms_norm")
@dataclass(frozen=True)
class RmsNorm(Operator):
    """``x / sqrt(mean of squares + epsilon) * gain`` over the last axis.

    Integers: `azsim.nn.graph.normalise`.

    Attributes:
        epsilon: added to the mean of squares.
    """

    epsilon: float = 1e-6

    vectors: ClassVar[tuple[str, ...]] = ("gain",)
    optional: ClassVar[tuple[str, ...]] = ("gain",)

    onnx: ClassVar[tuple[str, ...]] = ("RMSNormalization", "SimplifiedLayerNormalization")

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        axes = len(builder.shape(node))
        if axis_of(node, node.integer("axis", -1), axes) != axes - 1:
            raise node.refuse("axis: must be the last")
        parameters = {"gain": builder.constant(node, 1)}
        builder.add(node, cls(node.number("epsilon", 1e-5)), node.inputs[:1], node.outputs[0], parameters)

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        return normalised(inputs, shapes)

    def float(self, at: FloatNode) -> Execution:
        gain, epsilon = at.parameters.get("gain", np.float32(1)), np.float32(self.epsilon)

        def run(values: np.ndarray) -> np.ndarray:
            return values / np.sqrt((values * values).mean(axis=-1, keepdims=True) + epsilon) * gain

        return stateless(run)

    def integer(self, at: IntegerNode) -> Execution:
        return normalising(at, centred=False, epsilon=self.epsilon)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        return (ProgramStage(at.name, (), norm_work(at.inputs[0], passes=3)),)
