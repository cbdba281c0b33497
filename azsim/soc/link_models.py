"""Makers of link traces: a link that comes and goes by chance, and the link of a car on a road with tunnels.

::

    Gilbert:  up ──exponential──> down ──exponential──> up ...
    drive:    open road: a new rate and round trip every few seconds | weak cell | tunnel: none | open road ...
"""

from __future__ import annotations

import math

import numpy as np

from azsim.soc.link import ALWAYS_UP, DOWN, PS_PER_S, LinkState, LinkTrace

PS_PER_MS = PS_PER_S // 1000

STRETCH_S = 5.0
"""Open road: how long a rate lasts, mean. **Source:** assumed."""
LTE_UPLINK_MBPS, LTE_DOWNLINK_MBPS, RATE_SIGMA = 6.0, 13.0, 0.6
"""Median rates of LTE. **Source:** Huang et al., MobiSys 2012 (abstract); the log-normal spread is `assumed`."""
LTE_RTT_MS, RTT_SIGMA = 70.0, 0.25
"""Median round trip of LTE. **Source:** Huang et al., MobiSys 2012 (from memory of the paper); spread `assumed`."""
SPEED_KMH = 80.0
"""**Source:** assumed."""
TUNNEL_EVERY_S, TUNNEL_MEDIAN_M, TUNNEL_SIGMA = 240.0, 400.0, 0.8
"""Time between tunnels and their lengths (log-normal). **Source:** assumed: a road in hills."""
WEAK_EVERY_S, WEAK_S, WEAK_SHARE, WEAK_RTT_FACTOR = 90.0, 8.0, 0.03, 3.0
"""Weak cells: how often, how long, share of the rate that is left, round trips longer. **Source:** assumed."""


def gilbert(up_share: float, mean_outage_s: float, length_s: float, seed: int) -> LinkTrace:
    """Up and down by turns, both for exponential times, from a state drawn with the share of each.

    **Source:** E. N. Gilbert, "Capacity of a burst-noise channel", Bell System Technical Journal 39 (1960): two
    states, Markov; here in continuous time and without loss while up.

    Raises:
        ValueError: the share is not above 0 and at most 1, or a time is not positive.
    """
    if not 0 < up_share <= 1 or mean_outage_s <= 0 or length_s <= 0:
        raise ValueError(f"up_share {up_share}, mean_outage_s {mean_outage_s}, length_s {length_s}: out of range")
    if up_share == 1:
        return ALWAYS_UP
    rng = np.random.default_rng(seed)
    means_s = {True: mean_outage_s * up_share / (1 - up_share), False: mean_outage_s}
    up, now_ms, road = bool(rng.random() < up_share), 0, _Road()
    while now_ms < 1000 * length_s:
        road.put(now_ms, LinkState() if up else DOWN)
        now_ms += _stay_ms(rng, means_s[up])
        up = not up
    return road.trace(round(1000 * length_s))


def drive(length_s: float, seed: int) -> LinkTrace:
    """A car on a cellular network: rates and round trips that change, weak cells, and tunnels without a link.

    Raises:
        ValueError: the length is not positive.
    """
    if length_s <= 0:
        raise ValueError(f"length_s {length_s}: must be positive")
    rng = np.random.default_rng(seed)
    road, now_ms = _Road(), 0
    tunnel_ms, weak_ms = _stay_ms(rng, TUNNEL_EVERY_S), _stay_ms(rng, WEAK_EVERY_S)
    while now_ms < 1000 * length_s:
        if now_ms >= tunnel_ms:
            road.put(now_ms, DOWN)
            length_m = TUNNEL_MEDIAN_M * math.exp(TUNNEL_SIGMA * rng.standard_normal())
            now_ms += max(1, round(1000 * length_m / (SPEED_KMH / 3.6)))
            tunnel_ms = now_ms + _stay_ms(rng, TUNNEL_EVERY_S)
        elif now_ms >= weak_ms:
            road.put(now_ms, _cell(rng, WEAK_SHARE, WEAK_RTT_FACTOR))
            now_ms += _stay_ms(rng, WEAK_S)
            weak_ms = now_ms + _stay_ms(rng, WEAK_EVERY_S)
        else:
            road.put(now_ms, _cell(rng, 1.0, 1.0))
            now_ms = min(now_ms + _stay_ms(rng, STRETCH_S), tunnel_ms, weak_ms)
    return road.trace(round(1000 * length_s))


class _Road:
    """States as they come, in whole milliseconds."""

    def __init__(self) -> None:
        self._starts_ms: list[int] = []
        self._states: list[LinkState] = []

    def put(self, start_ms: int, state: LinkState) -> None:
        self._starts_ms.append(start_ms)
        self._states.append(state)

    def trace(self, end_ms: int) -> LinkTrace:
        """The states until ``end_ms``, and from then on the device's own link."""
        starts = [start * PS_PER_MS for start in [*self._starts_ms, end_ms]]
        return LinkTrace(tuple(starts), (*self._states, LinkState()))


def _cell(rng: np.random.Generator, share: float, rtt_factor: float) -> LinkState:
    luck = math.exp(RATE_SIGMA * rng.standard_normal())
    return LinkState(
        uplink_mbps=round(LTE_UPLINK_MBPS * luck * share, 3),
        downlink_mbps=round(LTE_DOWNLINK_MBPS * luck * share, 3),
        rtt_ms=round(LTE_RTT_MS * rtt_factor * math.exp(RTT_SIGMA * rng.standard_normal()), 1),
    )


def _stay_ms(rng: np.random.Generator, mean_s: float) -> int:
    return max(1, round(1000 * rng.exponential(mean_s)))
