"""Convolution and pooling of ONNX, ``(1, channels, width)`` or ``(1, channels, height, width)``, as images."""

from __future__ import annotations

from collections.abc import Sequence

from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode
from azsim.nn.graph.tensor import Shape
from azsim.nn.operators.reshape import Reshape


def two(values: Sequence[int], first: int = 1) -> tuple[int, int]:
    """Height and width of what has a width alone, or both."""
    return (first, values[0]) if len(values) == 1 else (values[0], values[1])


def as_image(node: OnnxNode, builder: OnnxBuilder) -> str:
    """The node's first input as a tensor ``(channels, height, width)``.

    Raises:
        InputError: a batch that is not 1, or other axes.
    """
    shape = builder.shape(node)
    if len(shape) not in (3, 4) or shape[0] != 1:
        raise node.refuse(f"input of shape {shape}: must be (1, channels, width) or (1, channels, height, width)")
    image = (shape[1], *two(shape[2:]))
    return builder.add(node, Reshape(image), node.inputs[:1], builder.between(node, "in"), part=".in")


def from_image(node: OnnxNode, builder: OnnxBuilder, image: str, axes: int) -> None:
    """The node's output from a tensor ``(channels, height, width)``, with so many axes behind the channels."""
    channels, height, width = builder.tensors[image].shape
    shape: Shape = (1, channels, width) if axes == 1 else (1, channels, height, width)
    builder.add(node, Reshape(shape), (image,), node.outputs[0], part=".out")


def padding_of(node: OnnxNode, kernel: Sequence[int], extents: Sequence[int]) -> tuple[int, int, int, int]:
    """Places at the top, left, bottom and right, stated or by ``auto_pad``."""
    auto, axes = node.word("auto_pad", "NOTSET"), len(kernel)
    if auto in ("NOTSET", "VALID"):
        pads = node.integers("pads", (0,) * 2 * axes) if auto == "NOTSET" else (0,) * 2 * axes
        before, after = pads[:axes], pads[axes:]
    elif auto in ("SAME_UPPER", "SAME_LOWER"):
        strides, dilations = node.integers("strides", (1,) * axes), node.integers("dilations", (1,) * axes)
        sides = []
        for taps, stride, dilation, extent in zip(kernel, strides, dilations, extents):
            places = -(-extent // stride)
            total = max(0, (places - 1) * stride + (taps - 1) * dilation + 1 - extent)
            less, more = total // 2, total - total // 2
            sides.append((less, more) if auto == "SAME_UPPER" else (more, less))
        before, after = zip(*sides)
    else:
        raise node.refuse(f"auto_pad {auto}: must be NOTSET, VALID, SAME_UPPER or SAME_LOWER")
    return (*two(before, 0), *two(after, 0))
