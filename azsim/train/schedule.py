"""How learning rate, share of zeros and strength of a regulariser move over the steps of a run."""

from __future__ import annotations

import math

from azsim.train.recipe import Schedule


def learning_rate(schedule: Schedule, step: int) -> float:
    """Warm-up, a plateau, then a cosine; ``step`` counts from 0."""
    warm = min(1.0, (step + 1) / schedule.warm_up_steps)
    plateau = schedule.constant_share * schedule.steps
    along = min(1.0, max(0.0, (step + 1 - plateau) / max(1.0, schedule.steps - plateau)))
    cosine = 0.5 * (1 + math.cos(math.pi * along))
    return schedule.peak_learning_rate * warm * (schedule.last_share + (1 - schedule.last_share) * cosine)


def cubic(share_done: float, ramp_share: float, final: float) -> float:
    """Rises from 0 to ``final`` at ``ramp_share``, fast at first.

    **Source:** Zhu & Gupta 2017, "To prune, or not to prune" (arXiv:1710.01878).
    """
    left = max(0.0, 1 - share_done / ramp_share)
    return final * (1 - left**3)


def linear(share_done: float, from_share: float, to_share: float) -> float:
    """0 up to ``from_share``, 1 from ``to_share`` on."""
    if share_done >= to_share:
        return 1.0
    return max(0.0, (share_done - from_share) / max(1e-9, to_share - from_share))
