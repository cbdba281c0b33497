"""Who gets the memory next: one policy a file with its own options, all served by the memory's compiled loop."""

from azsim.arbitration.clients import BOARD, CPU, MICROPHONE, NETWORK, NPU, PLAYBACK, Client
from azsim.arbitration.policy import Policy, policy, policy_class, policy_names
from azsim.arbitration.traffic import Traffic

__all__ = [
    "BOARD",
    "CPU",
    "MICROPHONE",
    "NETWORK",
    "NPU",
    "PLAYBACK",
    "Client",
    "Policy",
    "Traffic",
    "policy",
    "policy_class",
    "policy_names",
]
