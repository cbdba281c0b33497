"""From the sums of products to an output: bias, requantisation by rows, saturation.

To int16 and int32 the bias lies on the output's grid and is added after rounding; to int8, whose steps are coarse, it
lies on the grid of its row's sums and is added before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.nn.graph.arithmetic import BIAS_LIMIT, Rescale, bias_of, rescale_rows
from azsim.nn.graph.operator import IntegerNode, Weights
from azsim.nn.graph.tensor import Grid


@dataclass(frozen=True)
class SumsTo:
    """Turns int32 sums ``(n, rows)`` into the output of a node.

    Attributes:
        target: its grid.
        factor: from each row's sums to it.
        before, after: int64 ``(rows,)``, added to the sums and to what they were rounded to.
    """

    target: Grid
    factor: Rescale
    before: np.ndarray
    after: np.ndarray

    @staticmethod
    def of(at: IntegerNode, weights: Weights) -> SumsTo:
        """For a node whose first input multiplies with ``weights``, with a parameter ``bias`` or without."""
        target, rows, bias = at.target(), len(weights.values), at.vectors.get("bias")
        of_sums = at.grid().scale * weights.row_scales
        factor, none = Rescale.by(of_sums / target.scale), np.zeros(rows, np.int64)
        if target.bits == 8:
            return SumsTo(target, factor, bias_of(bias, rows, of_sums, BIAS_LIMIT), none)
        return SumsTo(target, factor, none, bias_of(bias, rows, target.scale, target.limit))

    def __call__(self, sums: np.ndarray) -> np.ndarray:
        """The output ``(n, rows)``."""
        out, factor = np.empty(sums.shape, self.target.dtype), self.factor
        low, high = self.target.lowest, self.target.limit
        rescale_rows(sums, self.before, factor.multiplier, factor.shift, self.after, low, high, out)
        return out
