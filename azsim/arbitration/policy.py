"""What an arbitration policy is: its options, and a small table of integers that the compiled loop reads and it writes.

::

    waiting requests ──> those not held back ──> lowest RANK ──> of those the oldest ──> first submitted ──> grant
                             HELD, HOLD_FS          ^                                                         │
                               ^                    └────────── on_grant, on_finish write the table ──────────┘

A request of s bytes is held back until ``HELD + s x HOLD_FS``. So the loop knows no policy by name: a policy fills the
table, and its ``on_grant`` or ``on_finish``, compiled into the loop, change it as chunks are granted and end.

A policy is one file in ``policies/``, named as the policy is; it is imported when it is asked for.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from azsim.arbitration import policies
from azsim.arbitration.clients import Client

RANK, HELD, HOLD_FS = range(3)
"""Rows that the loop reads: who comes first (lowest); picoseconds; femtoseconds per byte."""

OWN = 3
"""The first row of the policy's own parameters and state."""

HIGHEST_PRIORITY = 15
"""Of 16 levels, as on an AXI bus."""

Level = Annotated[int, Meta(ge=0, le=HIGHEST_PRIORITY)]


class Policy(Struct, frozen=True, forbid_unknown_fields=True):
    """Decides between clients. The fields are its options: keys of ``[memory]`` in a device file, with defaults."""

    def wrong(self, clients: Sequence[str], chunk_bytes: int) -> str:
        """What of the options cannot work on this device, and what would be right; empty if nothing.

        Args:
            clients: names of all of the device.
            chunk_bytes: largest chunk that is granted at once.
        """
        return ""

    def table(self, clients: Sequence[Client]) -> np.ndarray:
        """A new table at time 0, int64 ``(rows, clients)``."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Registered:
    """A policy as the loop needs it.

    Attributes:
        name: in a device file.
        on_grant: compiled ``(table, client, size_bytes, time_ps)``: a chunk was granted; None: nothing happens then.
        on_finish: compiled ``(table, client, latency_ps)``: a chunk ended, so long after it was asked for.
        holds: whether it holds requests back.
    """

    name: str
    on_grant: Callable[[np.ndarray, int, int, int], None] | None
    on_finish: Callable[[np.ndarray, int, int], None] | None
    holds: bool

    @property
    def moves(self) -> bool:
        """Whether its table changes as time goes."""
        return self.on_grant is not None or self.on_finish is not None


_registered: dict[type[Policy], Registered] = {}


def policy(
    name: str,
    *,
    on_grant: Callable[[np.ndarray, int, int, int], None] | None = None,
    on_finish: Callable[[np.ndarray, int, int], None] | None = None,
    holds: bool = False,
) -> Callable[[type[Policy]], type[Policy]]:
    """Register a policy under the name that device files use; arguments as in `Registered`."""

    def register(kind: type[Policy]) -> type[Policy]:
        _registered[kind] = Registered(name, on_grant, on_finish, holds)
        return kind

    return register


def registered(kind: type[Policy]) -> Registered:
    """What the loop needs of a policy."""
    return _registered[kind]


def policy_names() -> tuple[str, ...]:
    """The policies that there are, as device files name them, without importing any."""
    return tuple(sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(policies.__path__)))


def policy_class(name: str) -> type[Policy]:
    """The policy of that name.

    Raises:
        KeyError: there is none.
    """
    if name not in policy_names():
        raise KeyError(name)
    import_module(f"{policies.__name__}.{name.replace('-', '_')}")
    return next(kind for kind, entry in _registered.items() if entry.name == name)


def empty_table(clients: Sequence[Client], own: int = 0) -> np.ndarray:
    """Nobody is held back, all are of one rank; int64 ``(rows, clients)``, ``own`` rows for the policy itself."""
    return np.zeros((OWN + own, len(clients)), np.int64)


def ranked_table(clients: Sequence[Client], own: int = 0) -> np.ndarray:
    """Nobody is held back, the highest priority comes first; otherwise as `empty_table`."""
    table = empty_table(clients, own)
    table[RANK] = [HIGHEST_PRIORITY - client.priority for client in clients]
    return table


def unknown_client(key: str, given: Mapping[str, object], clients: Sequence[str]) -> str:
    """What is wrong with the clients of an option ``key`` that has a value for each; empty if nothing."""
    strange = [name for name in given if name not in clients]
    return f"{key}.{strange[0]}: no such client of the memory; there are {', '.join(clients)}" if strange else ""


def regulates_nobody(key: str, given: Mapping[str, object], clients: Sequence[str]) -> str:
    """Refuse a policy that regulates without anyone to regulate; empty if there is one."""
    return "" if given else f"{key}: missing; give memory.{key}.CLIENT for at least one of {', '.join(clients)}"
