"""The memory that everyone on the device shares, at three fidelities behind one protocol.

A new fidelity is one file and a line here.
"""

from __future__ import annotations

from collections.abc import Sequence

from azsim.arbitration import Client
from azsim.devices.spec import Device
from azsim.soc.environment import DeviceEnvironment
from azsim.soc.memory.analytic import AnalyticMemory
from azsim.soc.memory.bank import BankMemory
from azsim.soc.memory.burst import BurstMemory
from azsim.soc.memory.protocol import ClientTraffic, MemoryModel, TileWork

__all__ = [
    "FIDELITIES",
    "AnalyticMemory",
    "BankMemory",
    "BurstMemory",
    "ClientTraffic",
    "MemoryModel",
    "TileWork",
    "memory_of",
]

FIDELITIES = {"analytic": AnalyticMemory, "burst": BurstMemory, "bank": BankMemory}
"""``memory.fidelity`` in a device file -> memory."""


def memory_of(
    env: DeviceEnvironment, device: Device, *, brought: Sequence[Client] = (), log: bool = False
) -> MemoryModel:
    """The device's memory; ``brought``: clients of stages; ``log`` keeps a row per grant."""
    return FIDELITIES[device.memory.fidelity](env, device, brought=brought, log=log)
