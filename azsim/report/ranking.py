"""Does the ranking of configurations survive when an assumed constant is halved or doubled?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

from azsim.deprecated import renamed

TIE_SHARE = 0.002

@renamed("0.2.0", "0.3.0", energy_margin_mj="energy_above_idle_mj")
@dataclass(frozen=True, slots=True)
class SensitivityPoint:
    """One configuration with one assumed constant changed (factor 1: unchanged).

    Attributes:
        constant: dotted key in the device file, or a short name of a group of them.
        wait_ms: median from the end-point to the final words: what the device adds to the rule's own wait.
        energy_above_idle_mj: mean per utterance, over the same stretch of time without speech.
            Both are of the production-size network; None if not known.
    """

    constant: str
    factor: float
    config: str
    wait_ms: float | None
    energy_above_idle_mj: float | None


Metric = Callable[[SensitivityPoint], float | None]


def wait_ms(point: SensitivityPoint) -> float | None:
    """The metric that the latency ranking goes by."""
    return point.wait_ms


def energy_above_idle_mj(point: SensitivityPoint) -> float | None:
    """The metric that the energy ranking goes by."""
    return point.energy_above_idle_mj


def changes(points: Sequence[SensitivityPoint]) -> list[tuple[str, float]]:
    """Every ``(constant, factor)`` other than factor 1, in order of first appearance, factors ascending."""
    constants = list(dict.fromkeys(point.constant for point in points))
    return [
        (constant, factor)
        for constant in constants
        for factor in sorted({p.factor for p in points if p.constant == constant and p.factor != 1})
    ]


def base_values(points: Sequence[SensitivityPoint], metric: Metric) -> dict[str, float]:
    """Configuration -> the metric with nothing changed."""
    values = {}
    for point in points:
        value = metric(point)
        if point.factor == 1 and value is not None:
            values.setdefault(point.config, value)
    return values


def values_at(points: Sequence[SensitivityPoint], constant: str, factor: float, metric: Metric) -> dict[str, float]:
    """Configuration -> the metric with ``constant`` multiplied by ``factor``."""
    chosen = [(p.config, metric(p)) for p in points if p.constant == constant and p.factor == factor]
    return {config: value for config, value in chosen if value is not None}


def flips(before: dict[str, float], after: dict[str, float]) -> list[tuple[str, str]]:
    """Pairs whose order turned round; values within ``TIE_SHARE`` of each other are a tie, which turns nothing."""
    return [
        (left, right)
        for left, right in combinations([config for config in before if config in after], 2)
        if _order(before[left], before[right]) * _order(after[left], after[right]) < 0
    ]


def _order(left: float, right: float) -> int:
    if abs(left - right) <= TIE_SHARE * max(abs(left), abs(right)):
        return 0
    return 1 if left > right else -1


def verdict(points: Sequence[SensitivityPoint]) -> str:
    """One sentence on both rankings; empty without points."""
    cases = changes(points)
    if not cases:
        return ""
    parts = []
    for name, metric in (("wait after the end-point", wait_ms), ("energy above idle", energy_above_idle_mj)):
        before = base_values(points, metric)
        changed = [
            f"{constant} \u00d7 {factor:g}"
            for constant, factor in cases
            if flips(before, values_at(points, constant, factor, metric))
        ]
        kept = len(cases) - len(changed)
        turned = f" (changed by {', '.join(changed)})" if changed else ""
        parts.append(f"by {name} the ranking survives {kept} of {len(cases)} changes{turned}")
    factors = " and ".join(f"{factor:g}" for factor in sorted({factor for _, factor in cases}))
    return f"With each constant multiplied by {factors} in turn, {'; '.join(parts)}."
