"""Hyperbolic tangent, by a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.nn.graph.elementwise import TableFunction
from azsim.nn.operators.registry import operator
from azsim.nn.program import VectorFunction


@operator("tanh")
@dataclass(frozen=True)
class Tanh(TableFunction):
    """``tanh x``."""

    function: ClassVar[VectorFunction] = "tanh"

    def exact(self, values: np.ndarray) -> np.ndarray:
        return np.tanh(values)
