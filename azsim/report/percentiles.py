"""The one definition of a percentile, of however few values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def percentile(values: Sequence[float] | np.ndarray, percent: float) -> float:
    """The value below which ``percent`` of ``values`` lie, interpolated between neighbours of the sorted values.

    Of n values sorted from x(0) to x(n-1) it stands at the place ``h = (n - 1) * percent / 100``: x(h) if h is whole,
    else on the straight line between its two neighbours. So the 0th is the smallest, the 100th the largest, the 50th
    the median; the 99th of 100 values or fewer lies between the two largest, and of one value all are that value.

    Raises:
        ValueError: there are no values.

    **Source:** definition 7 of Hyndman and Fan, Sample quantiles in statistical packages, The American Statistician 50
    (1996) 361-365.
    """
    if len(values) == 0:
        raise ValueError("no values, so no percentile of them")
    return float(np.percentile(np.asarray(values, np.float64), percent, method="linear"))
