"""Everyone who asks for memory: the five of the board, and whoever else a device or a stage of the pipeline brings.

::

    rows of the compiled loop's arrays:   playback | microphone | npu | cpu | network | camera | ...
                                          the board, always in this order             brought along
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

BOARD = ("playback", "microphone", "npu", "cpu", "network")
"""Those that every device has, which are also the keys of ``[priority]`` in a device file."""

PLAYBACK, MICROPHONE, NPU, CPU, NETWORK = range(len(BOARD))


@dataclass(frozen=True, slots=True)
class Client:
    """A client that is not of the board: a camera, a display, a stage with memory traffic of its own.

    Attributes:
        name: for reports, and its key in ``[priority.others]`` and in the tables of policies.
        priority: on the memory, 0 to 15, where the device file gives it none.
        scattered: its requests lie anywhere in its region, as a core's misses do, not one after another.
    """

    name: str
    priority: int = 0
    scattered: bool = False


def all_clients(board: Mapping[str, int], others: Mapping[str, int], brought: Sequence[Client]) -> tuple[Client, ...]:
    """The clients of one simulated device in the order of their rows: of the board, of its file, brought by stages.

    Args:
        board, others: name -> priority in the device file; ``others`` overrides that of a client that is brought.
        brought: by stages; one that several bring is one client.

    Raises:
        ValueError: a stage's client has the name of one of the board, or two differ under one name.
    """
    stages: dict[str, Client] = {}
    for client in brought:
        if client.name in BOARD or stages.setdefault(client.name, client) != client:
            raise ValueError(f"memory client {client.name!r}: there is another one of that name")
    made = {name: Client(name, board[name], scattered=name == BOARD[CPU]) for name in BOARD}
    for name, priority in others.items():
        made[name] = replace(stages.get(name, Client(name)), priority=priority)
    return tuple({**stages, **made}[name] for name in dict.fromkeys([*made, *stages]))
