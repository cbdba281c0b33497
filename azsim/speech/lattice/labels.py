"""What a search wrote down, as a graph of labels: from which word lattices are made.

::

    start ──▁turn──> 1 ──▁on──> 2 ──▁the──> 3 ──▁li──> 5 ──ght──> 6 (end)
                     └──▁off──> 4 ──▁the──> ... the same context: joins 3
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LabelGraph:
    """Labels on arcs; an arc leads to a node of a higher number, node 0 is the start.

    Attributes:
        sources, targets, labels: int32 ``(arcs,)``.
        outputs: int32 ``(arcs,)``: index of the encoder output at which the label is most probable.
        scores: float64 ``(arcs,)``: log-probability that the label follows, at whichever output, blanks included.
        posteriors: float64 ``(arcs,)``: log-probability of the label alone, at its most probable output.
        boosts: float64 ``(arcs,)``: part of ``scores`` that was added from outside of the network.
        ends: node -> log-probability that nothing follows it, up to the latest output.
        final_boosts: node -> part of that which was added from outside.
    """

    sources: np.ndarray
    targets: np.ndarray
    labels: np.ndarray
    outputs: np.ndarray
    scores: np.ndarray
    posteriors: np.ndarray
    boosts: np.ndarray
    ends: dict[int, float]
    final_boosts: dict[int, float]
