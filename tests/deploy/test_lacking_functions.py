"""An operator whose functions the chip lacks: the CPU does them, its transfers and its time are charged."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from azsim.chip.build import tile_layout
from azsim.chip.compile import FALLBACK_BYTES
from azsim.chip.schedule import CpuWork, Sections, TileSchedule
from azsim.compress import compress
from azsim.deploy.deployment import Deployment
from azsim.devices.loader import load_device
from azsim.devices.spec import Device
from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.operator import Operator
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.attention import Attention
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.gelu import Gelu
from azsim.nn.operators.layer_norm import LayerNorm
from azsim.nn.operators.softmax import Softmax
from azsim.soc.device import DeviceSimulation

AZ1 = load_device("az1")
WIDTH = 24
CASES = {
    "softmax": (Softmax(), 1),
    "gelu": (Gelu(), 1),
    "layer_norm": (LayerNorm(), 1),
    "attention": (Attention(heads=2, left=5), 3),
}


def device(functions: tuple[str, ...] | None = None) -> Device:
    """``az1`` without background, whose vector unit knows these functions, or its own."""
    chip = AZ1.chip
    if functions is not None:
        chip = msgspec.structs.replace(chip, vector=msgspec.structs.replace(chip.vector, functions=functions))
    cpu = msgspec.structs.replace(AZ1.cpu, background=(), wake_us=0.0)
    return msgspec.structs.replace(AZ1, chip=chip, cpu=cpu)


def network(operator: Operator, inputs: int) -> GraphNetwork:
    """A dense layer, the operator, and a dense layer behind it."""
    rng = np.random.default_rng(4)
    shape = (WIDTH, WIDTH)
    parameters = {name: rng.standard_normal(shape).astype(np.float32) for name in ("first", "last")}
    nodes = (
        Node("first", Dense(), ("x",), ("y",), {"weights": "first"}),
        Node("middle", operator, ("y",) * inputs, ("z",), {}),
        Node("last", Dense(), ("z",), ("out",), {"weights": "last"}),
    )
    return GraphNetwork(Graph("net", {"x": Tensor((WIDTH,))}, ("out",), nodes, parameters), "net", 10.0)


def run_ps(spec: Device, schedule: TileSchedule | Sections) -> tuple[int, int, int]:
    """How long a run takes, and bytes that the processor reads from DRAM and writes there."""
    simulation = DeviceSimulation(spec, None, 0)
    simulation.env.run(until=simulation.env.process(simulation.run_schedule(schedule)))
    parts = [part for part in _parts(schedule) if isinstance(part, TileSchedule)]
    read, written = (sum(int(getattr(part, name).sum()) for part in parts) for name in ("fetch_bytes", "output_bytes"))
    return simulation.env.now, read, written


def _parts(schedule: TileSchedule | Sections) -> tuple[TileSchedule | CpuWork, ...]:
    return schedule.parts if isinstance(schedule, Sections) else (schedule,)


@pytest.mark.parametrize("kind", CASES)
def test_what_the_chip_lacks_goes_to_the_cpu_and_back(kind: str) -> None:
    net = network(*CASES[kind])
    (program,) = net.programs().values()
    asked = [work for stage in program.stages for work in stage.vector]
    every = tuple(dict.fromkeys(work.function for work in asked))
    able, lacking = device(every), device()
    lacked = [work for work in asked if work.function not in lacking.chip.vector.functions]
    assert lacked
    small = compress(net, layout=tile_layout(AZ1.chip))
    whole, split = (Deployment(spec, small).schedules[program.name] for spec in (able, lacking))
    assert isinstance(whole, TileSchedule)
    calls = [part for part in _parts(split) if isinstance(part, CpuWork)]
    assert [(call.function, call.elements) for call in calls] == [(work.function, work.elements) for work in lacked]

    elements = sum(work.elements for work in lacked)
    ran, without = run_ps(lacking, split), run_ps(able, whole)
    assert ran[1] - without[1] == FALLBACK_BYTES * elements
    assert ran[2] - without[2] == FALLBACK_BYTES * elements
    fastest_mhz = max(point.clock_mhz for point in lacking.cpu.operating_points)
    assert ran[0] - without[0] > 0.9e6 * elements * lacking.cpu.fallback_cycles_per_element / fastest_mhz
    assert Deployment(lacking, small).step().cpu_elements == elements
    assert Deployment(able, small).step().cpu_elements == 0
    kept = sum(int(part.products.sum()) for part in _parts(split) if isinstance(part, TileSchedule))
    assert kept == int(whole.products.sum())
