"""Keys that device files had before: read for one release more, with a line that says what they are now.

::

    [cpu]                                        [cpu.tasks]
    frontend_cycles_per_frame = 120000    ──>    frontend = { cycles_per_unit = 120000, priority = 30 }
    [cpu.priority]
    frontend = 30
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_COSTS = {"frontend_cycles_per_frame": "frontend", "search_cycles_per_hypothesis": "search"}


def present_keys(tree: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The keys of a device file under the names that they have now.

    Warns:
        UserWarning: it has former ones.
    """
    cpu = tree.get("cpu")
    if not isinstance(cpu, Mapping):
        return dict(tree)
    cpu = dict(cpu)
    moved: dict[str, dict[str, Any]] = {}
    said: list[tuple[str, str]] = []
    for key, task in _COSTS.items():
        if key in cpu:
            moved.setdefault(task, {})["cycles_per_unit"] = cpu.pop(key)
            said.append((f"cpu.{key}", f"cpu.tasks.{task}.cycles_per_unit"))
    if isinstance(cpu.get("priority"), Mapping):
        cpu["priority"] = dict(cpu["priority"])
        for task in _COSTS.values():
            if task in cpu["priority"]:
                moved.setdefault(task, {})["priority"] = cpu["priority"].pop(task)
                said.append((f"cpu.priority.{task}", f"cpu.tasks.{task}.priority"))
    if not moved:
        return dict(tree)
    former, present = (", ".join(names) for names in zip(*said, strict=True))
    warnings.warn(f"{path}: {former}: deprecated, and goes with azsim 0.4; give {present} in its place", stacklevel=3)
    given = cpu.get("tasks", {})
    if not isinstance(given, Mapping):
        return {**tree, "cpu": cpu}
    cpu["tasks"] = {**given}
    for task, keys in moved.items():
        own = given.get(task, {})
        cpu["tasks"][task] = {**keys, **own} if isinstance(own, Mapping) else own
    return {**tree, "cpu": cpu}
