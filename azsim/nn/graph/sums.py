"""From the sums of products to an output: bias, requantisation by rows, saturation.

To int16 and int32 the bias lies on the output's grid and is added after rounding; it may be larger than that grid
holds, as products may take it back. To int8, whose steps are coarse, it lies on the grid of its row's sums and is added
before, unless it would be more than 2**30 of their steps: then the products are small beside it, and it is added after
as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.nn.fixed_point import quantise_to
from azsim.nn.graph.arithmetic import BIAS_LIMIT, Rescale, rescale_rows
from azsim.nn.graph.operator import IntegerNode, Weights
from azsim.nn.graph.tensor import INT32_MAX, Grid

LARGEST_PRODUCT = 127 * 128
"""Of two int8 values: an int32 sum keeps room for its products beside the bias."""


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
        target, (rows, columns) = at.target(), weights.values.shape
        of_sums = at.grid().scale * weights.row_scales
        factor = Rescale.by(of_sums / target.scale)
        bias = np.asarray(at.vectors.get("bias", np.zeros(rows)), np.float64)
        early = (np.abs(bias) < BIAS_LIMIT * of_sums) & (target.bits == 8)
        before = quantise_to(np.where(early, bias, 0), of_sums, BIAS_LIMIT)
        limit = max(0, INT32_MAX - LARGEST_PRODUCT * columns) if target.bits == 32 else BIAS_LIMIT
        return SumsTo(target, factor, before, quantise_to(np.where(early, 0, bias), target.scale, limit))

    def __call__(self, sums: np.ndarray) -> np.ndarray:
        """The output ``(n, rows)``."""
        out, factor = np.empty(sums.shape, self.target.dtype), self.factor
        low, high = self.target.lowest, self.target.limit
        rescale_rows(sums, self.before, factor.multiplier, factor.shift, self.after, low, high, out)
        return out
