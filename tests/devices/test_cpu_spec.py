"""Tables of the cores: tasks by name, clocks, what cannot be."""

from __future__ import annotations

import msgspec
import pytest

from azsim.errors import InputError
from tests.devices.specs import changed, device, refused


def test_a_task_is_found_by_its_name_or_the_nearest_one_is_named() -> None:
    cpu = device().cpu
    for name, task in cpu.tasks.items():
        assert cpu.task(name) is task
    with pytest.raises(InputError, match=r"cpu\.tasks\.serach: no such task; there are .*did you mean 'search'"):
        cpu.task("serach")


def test_what_no_core_can_be_is_refused() -> None:
    refused("cpu", "cores", 0, -1, 1.5)
    refused("cpu", "governor", "performance")
    refused("cpu", "governor_period_ms", 0, 60_001)
    with pytest.raises(msgspec.ValidationError, match=r"\$\.tasks"):
        changed("cpu", tasks={"frontend": {"cycles_per_unit": -1}})
    with pytest.raises(msgspec.ValidationError, match="`speed`"):
        changed("cpu", tasks={"frontend": {"cycles_per_unit": 1, "speed": 2}})
