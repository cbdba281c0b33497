"""Two operands of an element-wise operator: two tensors, or a tensor and a parameter, shapes broadcast."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from azsim.errors import InputError
from azsim.nn.graph.operator import Arrays, need
from azsim.nn.graph.tensor import Shape, Tensor


def of_both(inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> Tensor:
    """The tensor that two operands give; the second may be the parameter ``other``.

    Raises:
        InputError: there are not two, they come at different rates, or their shapes do not broadcast.
    """
    need(len(inputs) + len(shapes) == 2 and len(inputs) > 0, "takes two tensors, or one and the parameter 'other'")
    named = " and ".join(map(str, inputs))
    need(len({each.period for each in inputs}) == 1, f"inputs {named}: must come equally often")
    need(all(each.holds == "values" for each in inputs), "takes values")
    both = (*(each.shape for each in inputs), *shapes.values())
    try:
        return inputs[0].of(*np.broadcast_shapes(*both))
    except ValueError as error:
        raise InputError(f"shapes {both[0]} and {both[1]}: do not broadcast") from error


def operands(values: Arrays, other: np.ndarray | None) -> Arrays:
    """The two operands of a run."""
    return values if other is None else (*values, other[None])


def broadcast(values: Arrays, shape: Shape) -> Arrays:
    """Operands ``(n, ...)`` (or ``(1, ...)``) at the shape of the output."""
    count = len(values[0])
    padded = (each.reshape(len(each), *(1,) * (len(shape) + 1 - each.ndim), *each.shape[1:]) for each in values)
    return tuple(np.broadcast_to(each, (count, *shape)) for each in padded)
