"""The arbitration policy that a device names, with its options, which stand beside the other keys of ``[memory]``.

::

    [memory]                                   which policy knows the key?
    chunk_bytes = 4096                         none: a key of MemorySpec
    arbitration = "rate-regulated"
    rate.cpu = { gbps = 1.0, ... }             rate-regulated ──> MemorySpec.options["rate"]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from azsim.arbitration import BOARD, Policy, policy_class, policy_names
from azsim.arbitration.policy import registered
from azsim.devices.memory_spec import MemorySpec
from azsim.errors import InputError, nearest
from azsim.explain import shown
from azsim.toml import convert

_OPTIONS = "options"


def policy_of(memory: MemorySpec) -> Policy:
    """The policy of a device, which `azsim.devices.loader` has checked."""
    kind = policy_class(memory.arbitration)
    return msgspec.convert(msgspec.to_builtins(_own(kind, memory.options)), kind)


def options_apart(tree: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The keys of a device with the options of policies in a table of their own, as `MemorySpec` has them.

    Raises:
        InputError: ``[memory]`` has a key that neither it nor any policy knows.
    """
    memory = tree.get("memory")
    strange = [key for key in memory if key not in MemorySpec.__struct_fields__] if isinstance(memory, dict) else []
    if not strange:
        return dict(tree)
    keys = {key for name in policy_names() for key in policy_class(name).__struct_fields__}
    known = sorted({*MemorySpec.__struct_fields__, *keys} - {_OPTIONS})
    for key in strange:
        if key not in keys:
            raise InputError(f"{path}: memory.{key}: unknown key; there are {', '.join(known)}{nearest(key, known)}")
    options = {**memory.get(_OPTIONS, {}), **{key: memory[key] for key in strange}}
    return {**tree, "memory": {**{key: memory[key] for key in memory if key not in strange}, _OPTIONS: options}}


def check_policy(memory: MemorySpec, others: Sequence[str], path: Path) -> None:
    """Refuse a policy that there is not, or options that no policy has, or that cannot work.

    Args:
        others: the clients of the device beside those of the board.

    Raises:
        InputError: one of these.
    """
    names = policy_names()
    if memory.arbitration not in names:
        raise InputError(
            f"{path}: memory.arbitration = {shown(memory.arbitration)}: must be one of {', '.join(names)}"
            f"{nearest(memory.arbitration, names)}"
        )
    if memory.fidelity == "analytic" and registered(policy_class(memory.arbitration)).moves:
        fixed = [name for name in names if not registered(policy_class(name)).moves]
        raise InputError(
            f"{path}: memory.arbitration = {memory.arbitration!r}: memory.fidelity = 'analytic' knows "
            f"{' and '.join(map(repr, fixed))} alone; choose one of them, or the fidelity 'burst'"
        )
    clients = (*BOARD, *others)
    known = {key for name in names for key in policy_class(name).__struct_fields__} if memory.options else set()
    for key in memory.options:
        if key not in known:
            raise InputError(f"{path}: memory.options.{key}: unknown key; there are {', '.join(sorted(known))}")
    for name in names if memory.options else (memory.arbitration,):
        kind = policy_class(name)
        own = _own(kind, memory.options)
        if own or name == memory.arbitration:
            made = convert(msgspec.to_builtins(own), kind, path, at="memory")
            if wrong := made.wrong(clients, memory.chunk_bytes):
                raise InputError(f"{path}: memory.{wrong}")


def _own(kind: type[Policy], options: Mapping[str, Any]) -> dict[str, Any]:
    return {key: options[key] for key in kind.__struct_fields__ if key in options}
