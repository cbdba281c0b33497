"""Who gets the memory next: one policy a file, all served by the same compiled loop."""

from azsim.soc.arbitration.clients import CLIENTS, CPU, MICROPHONE, NETWORK, NPU, PLAYBACK
from azsim.soc.arbitration.registry import POLICIES, policy_of
from azsim.soc.arbitration.table import Policy

__all__ = ["CLIENTS", "CPU", "MICROPHONE", "NETWORK", "NPU", "PLAYBACK", "POLICIES", "Policy", "policy_of"]
