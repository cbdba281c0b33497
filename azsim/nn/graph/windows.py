"""Windows over the last two axes of an array ``(channels, height, width)``, as convolution and pooling cut them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.nn.graph.operator import need
from azsim.nn.graph.tensor import Shape


@dataclass(frozen=True, slots=True)
class Windows:
    """How an array is cut.

    Attributes:
        kernel, stride, dilation: (height, width).
        padding: places added at the top, left, bottom, right.
    """

    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    padding: tuple[int, int, int, int]

    def places(self, shape: Shape) -> tuple[int, int]:
        """Windows down and across.

        Raises:
            InputError: there is none, or an extent is no positive number.
        """
        need(min((*self.kernel, *self.stride, *self.dilation)) >= 1, "kernel, stride and dilation must be at least 1")
        need(min(self.padding) >= 0, f"padding {self.padding}: must not be negative")
        top, left, bottom, right = self.padding
        extents = (shape[1] + top + bottom, shape[2] + left + right)
        found = []
        for extent, taps, stride, dilation in zip(extents, self.kernel, self.stride, self.dilation, strict=True):
            free = extent - (taps - 1) * dilation - 1
            need(free >= 0, f"kernel {self.kernel}: does not fit into {shape} with padding {self.padding}")
            found.append(free // stride + 1)
        return found[0], found[1]

    def cut(self, values: np.ndarray, fill: int | float = 0) -> np.ndarray:
        """``(n, channels, height, width)`` to ``(n * places, taps, channels)``, places and taps line by line."""
        down, across = self.places(values.shape[1:])
        top, left, bottom, right = self.padding
        padded = np.pad(values, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=fill)
        rows = self.stride[0] * np.arange(down)[:, None] + self.dilation[0] * np.arange(self.kernel[0])
        columns = self.stride[1] * np.arange(across)[:, None] + self.dilation[1] * np.arange(self.kernel[1])
        picked = padded[:, :, rows[:, None, :, None], columns[None, :, None, :]]  # n, channels, down, across, taps
        return picked.transpose(0, 2, 3, 4, 5, 1).reshape(-1, self.kernel[0] * self.kernel[1], values.shape[1])
