"""Stand-ins for the networks that share the processor with the recogniser: drawn weights, real bitstreams, real tiles.

::

    experiment: layers, period, priority ──> matrices drawn as for the production size ──> bitstreams ──> schedule

They take codec and bits of the configuration. Their weights are streamed: the chip's memory is the recogniser's.
"""

from __future__ import annotations

import numpy as np

from azsim.chip.build import build_schedule, tile_layout
from azsim.chip.pipeline import run_pipeline
from azsim.chip.schedule import Sections
from azsim.compress.drawn import draw_network
from azsim.compare.experiment import CompanionChoice
from azsim.compare.setup import Setup
from azsim.compress.network import CompressedNetwork
from azsim.devices.spec import Device
from azsim.errors import InputError
from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.lower import lower_nodes
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.lstm import Lstm
from azsim.soc.companions import Companion

SOURCES = {"input": "encoder.0.input", "recurrent": "encoder.0.recurrent", "dense": "joint.output"}
"""The trained matrix that each role is drawn from."""
_PS_PER_MS = 10**9


def companion_graph(choice: CompanionChoice) -> Graph:
    """Its layers in a chain; one that takes another width than the layer before gives reads an input of its own.

    The parameters are zeros that take no memory, and nothing reads them.
    """
    inputs, nodes, shapes = {}, [], {}
    entering, width = "", 0
    for index, layer in enumerate(choice.layers):
        if layer.inputs != width:
            entering = f"in.{index}"
            inputs[entering] = Tensor((layer.inputs,))
        if layer.kind == "lstm":
            own = {"input": (4 * layer.units, layer.inputs), "recurrent": (4 * layer.units, layer.units)}
            operator, roles = Lstm(), {role: f"{index}.{role}" for role in own}
        else:
            own = {"dense": (layer.units, layer.inputs)}
            operator, roles = Dense(), {"weights": f"{index}.dense"}
        shapes |= {f"{index}.{role}": shape for role, shape in own.items()}
        nodes.append(Node(f"{index}.{layer.kind}", operator, (entering,), (f"out.{index}",), roles))
        entering, width = f"out.{index}", layer.units
    parameters = {name: np.broadcast_to(np.float32(0), shape) for name, shape in shapes.items()}
    return Graph(choice.name, inputs, (entering,), tuple(nodes), parameters)


def companions_of(setup: Setup, device: Device, trained: CompressedNetwork) -> tuple[Companion, ...]:
    """The experiment's companions under the configuration of ``trained``, ready to run on a device.

    Raises:
        InputError: those that go before the recogniser leave nothing of the processor.
    """
    made = []
    for index, choice in enumerate(setup.experiment.companion):
        graph = companion_graph(choice)
        network = GraphNetwork(graph, source="drawn", steps_per_s=1000 / choice.every_ms)
        shapes = {name: graph.parameters[name].shape for name in graph.weight_matrices}
        sources = {name: SOURCES[name.split(".")[1]] for name in shapes}
        seed = setup.experiment.seed + 1 + index
        drawn = draw_network(trained, network, shapes, sources, tile_layout(device.chip), seed)
        program = lower_nodes(graph, graph.nodes, choice.name, period_steps=1)
        schedule = build_schedule(device.chip, program, drawn, steps=choice.vectors)
        made.append(Companion(choice.name, schedule, round(choice.every_ms * _PS_PER_MS), choice.priority))
    _refuse_starvation(setup, device, made)
    return tuple(made)


def _refuse_starvation(setup: Setup, device: Device, companions: list[Companion]) -> None:
    """Companions that go before the recogniser and fill the processor alone would keep it waiting for ever."""
    load = 0.0
    for companion in companions:
        if companion.priority > device.npu_sharing.recogniser_priority:
            schedule = companion.schedule
            on_chip = schedule.on_chip if isinstance(schedule, Sections) else schedule
            load += device.chip.clock.ps(run_pipeline(on_chip, device.chip).total_cycles) / companion.period_ps
            if load >= 1:
                raise InputError(
                    f"{setup.source}: companion {companion.name!r}: with those above npu_sharing.recogniser_priority = "
                    f"{device.npu_sharing.recogniser_priority} it takes {load:.0%} of the processor; the recogniser "
                    "would never run: give it a lower priority or a longer every_ms"
                )
