"""The policies by name, and their hooks by number in the compiled loop; a new policy is one file and a line in each."""

from __future__ import annotations

from azsim.compiled import njit
from azsim.devices.spec import Device
from azsim.soc.arbitration import latency_regulated, proportional_fair, rate_regulated, window_threshold
from azsim.soc.arbitration.fifo import Fifo
from azsim.soc.arbitration.fixed_priority import FixedPriority
from azsim.soc.arbitration.latency_regulated import LatencyRegulated
from azsim.soc.arbitration.proportional_fair import ProportionalFair
from azsim.soc.arbitration.rate_regulated import RateRegulated
from azsim.soc.arbitration.table import Policy
from azsim.soc.arbitration.window_threshold import WindowThreshold

POLICIES = {
    "fifo": lambda memory, priority: Fifo(),
    "fixed-priority": lambda memory, priority: FixedPriority(priority),
    "proportional-fair": lambda memory, priority: ProportionalFair(memory.fair_weight),
    "rate-regulated": lambda memory, priority: RateRegulated(priority, memory.rate),
    "latency-regulated": lambda memory, priority: LatencyRegulated(priority, memory.latency),
    "window-threshold": lambda memory, priority: WindowThreshold(priority, memory.window),
}
"""Name in a device file -> policy, made from its ``[memory]`` and ``[priority]``."""

FIXED, FAIR, RATE, LATENCY, WINDOW = range(5)
"""What happens to a policy's table as chunks are granted and end."""

HOLDING = frozenset({RATE, WINDOW})
"""Those that hold requests back."""

_HOOKS = {ProportionalFair: FAIR, RateRegulated: RATE, LatencyRegulated: LATENCY, WindowThreshold: WINDOW}


def policy_of(device: Device) -> Policy:
    """The policy that a device file names."""
    return POLICIES[device.memory.arbitration](device.memory, device.priority)


def hook_of(policy: Policy) -> int:
    """Its hooks' number for `on_grant` and `on_finish`."""
    return _HOOKS.get(type(policy), FIXED)


@njit(cache=True, nogil=True)
def on_grant(hook, table, client, size_bytes, time_ps):
    """A chunk of ``client`` was granted at ``time_ps``."""
    if hook == FAIR:
        proportional_fair.on_grant(table, client, size_bytes)
    elif hook == RATE:
        rate_regulated.on_grant(table, client, size_bytes, time_ps)
    elif hook == WINDOW:
        window_threshold.on_grant(table, client, size_bytes, time_ps)


@njit(cache=True, nogil=True)
def on_finish(hook, table, client, latency_ps):
    """A chunk of ``client`` ended, ``latency_ps`` after it was asked for."""
    if hook == LATENCY:
        latency_regulated.on_finish(table, client, latency_ps)
