"""All three fidelities play the whole device: the same bytes, and latencies that agree where nobody is in the way."""

from __future__ import annotations

from typing import get_args

import pytest

from azsim.devices.quantities import Fidelity
from azsim.soc import simulate
from azsim.soc.environment import DeviceEnvironment
from azsim.soc.memory import FIDELITIES, memory_of
from tests.soc.cases import device, schedules, track, work


def test_every_fidelity_of_a_device_file_has_its_memory():
    for name, kind in FIDELITIES.items():
        assert type(memory_of(DeviceEnvironment(), device(memory__fidelity=name))) is kind
    assert device().memory.fidelity == "burst"
    assert set(FIDELITIES) == set(get_args(Fidelity))


def test_the_device_moves_the_same_bytes_at_every_fidelity():
    made = {name: simulate(device(memory__fidelity=name), work(), schedules(), music=track()) for name in FIDELITIES}
    burst = made["burst"]
    for name, timeline in made.items():
        for client in ("npu", "microphone"):
            assert timeline.dram_read_bytes[client] == burst.dram_read_bytes[client], name
            assert timeline.dram_write_bytes[client] == burst.dram_write_bytes[client], name
        assert timeline.underruns == 0
        assert timeline.busy_ps["npu"] == pytest.approx(burst.busy_ps["npu"], rel=0.1)
        assert sum(timeline.npu_causes_ps.values()) == timeline.busy_ps["npu"]


@pytest.mark.parametrize("name", sorted(FIDELITIES))
def test_the_same_run_twice_is_the_same(name):
    spec = device(memory__fidelity=name)
    first, second = (simulate(spec, work(), schedules(), music=track(), seed=5) for _ in range(2))
    assert first.latency == second.latency
    assert first.busy_ps == second.busy_ps
    assert (first.step_done_ps == second.step_done_ps).all()


@pytest.mark.parametrize("name", sorted(FIDELITIES))
def test_a_trace_of_every_fidelity(name):
    timeline = simulate(device(memory__fidelity=name), work(), schedules(), music=track(), trace=True)
    assert any(span.track == "dram" for span in timeline.spans)
