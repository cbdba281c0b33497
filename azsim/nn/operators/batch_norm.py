"""Batch normalisation of a trained network: a factor and an offset for each channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.nn.graph.arithmetic import BIAS_LIMIT, Rescale, bias_of, rescale_rows
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode
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


@operator("batch_norm")
@dataclass(frozen=True)
class BatchNorm(Operator):
    """``y = scale * x + offset`` for each channel of ``axis``; `folded` makes both of mean, variance, gain and bias.

    Behind a layer with weights it costs nothing once `azsim.nn.graph.fold` has put it into them.

    Integers: ``saturate(round(x * m / 2^s) + offset)``, the offset on the output's grid; m has the sign of the scale.

    Attributes:
        axis: of the channels.
    """

    axis: int = 0

    vectors: ClassVar[tuple[str, ...]] = ("scale", "offset")

    onnx: ClassVar[tuple[str, ...]] = ("BatchNormalization",)

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        gain, bias, mean, variance = (builder.constant(node, index) for index in (1, 2, 3, 4))
        if len(builder.shape(node)) < 2 or node.integer("training_mode", 0):
            raise node.refuse("must be that of a trained network, over axis 1")
        scale, offset = folded(gain, bias, mean, variance, node.number("epsilon", 1e-5))
        builder.add(node, cls(axis=1), node.inputs[:1], node.outputs[0], {"scale": scale, "offset": offset})

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        need(len(inputs) == 1 and -len(inputs[0].shape) <= self.axis < len(inputs[0].shape), "takes one tensor")
        channels = (inputs[0].shape[self.axis],)
        need(shapes["scale"] == shapes["offset"] == channels, f"scale and offset: must be of shape {channels}")
        return inputs

    def float(self, at: FloatNode) -> Execution:
        shape = self._shape(at.inputs[0])
        scale, offset = at.parameters["scale"].reshape(shape), at.parameters["offset"].reshape(shape)
        return stateless(lambda values: scale * values + offset)

    def integer(self, at: IntegerNode) -> Execution:
        source, target, shape = at.grid(), at.target(), at.inputs[0].shape
        axis = self.axis % len(shape)
        scale = np.asarray(at.vectors["scale"], np.float64) * source.scale / target.scale
        factor = Rescale.by(np.where(scale == 0, 1.0, np.abs(scale)))
        multiplier = factor.multiplier * np.sign(scale).astype(np.int64)
        offset = bias_of(at.vectors["offset"], shape[axis], target.scale, BIAS_LIMIT)
        none = np.zeros(shape[axis], np.int64)

        def run(values: np.ndarray) -> np.ndarray:
            rows = np.moveaxis(values, axis + 1, -1)
            flat = np.ascontiguousarray(rows).reshape(-1, shape[axis])
            out = np.empty(flat.shape, target.dtype)
            rescale_rows(flat, none, multiplier, factor.shift, offset, target.lowest, target.limit, out)
            return np.ascontiguousarray(np.moveaxis(out.reshape(rows.shape), -1, axis + 1))

        return stateless(run)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        return (ProgramStage(at.name, (), (VectorWork("multiply-add", at.outputs[0].size),)),)

    def _shape(self, source: Tensor) -> Shape:
        axis = self.axis % len(source.shape)
        return tuple(extent if i == axis else 1 for i, extent in enumerate(source.shape))


def folded(
    gain: np.ndarray, bias: np.ndarray, mean: np.ndarray, variance: np.ndarray, epsilon: float
) -> tuple[np.ndarray, np.ndarray]:
    """Scale and offset of what training normalised, float32 ``(channels,)``."""
    scale = np.asarray(gain, np.float64) / np.sqrt(np.asarray(variance, np.float64) + epsilon)
    return scale.astype(np.float32), (bias - scale * mean).astype(np.float32)
