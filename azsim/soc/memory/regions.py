"""Where each client's bytes lie, which only a memory with banks asks: a region of the DRAM apiece.

::

    | playback | microphone | npu: one schedule's weights after another | cpu: any line | network |
     └─ rings: a request follows the one before, round and round        └─ a core's misses lie scattered
"""

from __future__ import annotations

from collections.abc import Sequence

from azsim.arbitration import Client
from azsim.compiled import njit
from azsim.soc.memory.columns import R_ADDRESS, R_AGE, R_BYTES, R_CLIENT, R_LEFT, R_MOVED, REGION_BYTES

SCATTERED = -1
"""Instead of an address: lines anywhere in the client's region. **Source:** `assumed` for a core's cache misses."""

_ALIGNED_BYTES = 4096
_LINE_BYTES = 64


class Regions:
    """Hands out addresses, all multiples of 4 KiB.

    Args:
        capacity_bytes: of the DRAM.
        clients: in the order of their rows.
    """

    def __init__(self, capacity_bytes: int, clients: Sequence[Client]) -> None:
        self.region_bytes = capacity_bytes // len(clients) // _ALIGNED_BYTES * _ALIGNED_BYTES
        self._scattered = [client.scattered for client in clients]
        self._next = [0] * len(clients)

    def place(self, client: int, size_bytes: int) -> int:
        """Address of the next ``size_bytes`` of a client, or `SCATTERED`."""
        if self._scattered[client]:
            return SCATTERED
        size = -(-size_bytes // _ALIGNED_BYTES) * _ALIGNED_BYTES
        if self._next[client] + size > self.region_bytes:
            self._next[client] = 0
        address = client * self.region_bytes + self._next[client]
        self._next[client] += size
        return address


@njit(cache=True, nogil=True)
def row_address(config, queue, row):
    """Address of a request's next access: in order, or any line of the client's region."""
    offset = queue[row, R_BYTES] - queue[row, R_LEFT] + queue[row, R_MOVED]
    if queue[row, R_ADDRESS] >= 0:
        return queue[row, R_ADDRESS] + offset
    mixed = (queue[row, R_AGE] * 1_000_003 + offset // _LINE_BYTES + 1) * 2_654_435_761 % 4_294_967_291
    lines = config[REGION_BYTES] // _LINE_BYTES
    return queue[row, R_CLIENT] * config[REGION_BYTES] + mixed % lines * _LINE_BYTES
