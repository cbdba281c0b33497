"""GELU, by the table of the normal distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.nn.graph.elementwise import GatedFunction
from azsim.nn.operators.registry import operator
from azsim.nn.program import VectorFunction

_ERFC = np.frompyfunc(math.erfc, 1, 1)


@operator("gelu")
@dataclass(frozen=True)
class Gelu(GatedFunction):
    """``x P(normal < x)``, exact; the form with a tanh differs by up to 5e-4 and is taken for the same."""

    function: ClassVar[VectorFunction] = "normal"

    def exact(self, values: np.ndarray) -> np.ndarray:
        below = 0.5 * _ERFC(np.asarray(values, np.float64) / -math.sqrt(2.0)).astype(np.float64)
        return (values * below).astype(np.float32)
