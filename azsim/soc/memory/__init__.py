"""The memory that everyone on the device shares, at three fidelities behind one protocol."""

from azsim.soc.memory.analytic import AnalyticMemory
from azsim.soc.memory.bank import BankMemory
from azsim.soc.memory.burst import BurstMemory
from azsim.soc.memory.ladder import FIDELITIES, memory_of
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
