"""Networks beside: each program as often as its nodes run, resident where the shared plan says so, charged for all."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from azsim.chip.build import tile_layout
from azsim.chip.schedule import Sections
from azsim.chip.wake import RELOAD
from azsim.compress import compress
from azsim.compress.network import CompressedNetwork
from azsim.deploy.deployment import Beside, Deployment
from azsim.deploy.swapping import SwappedDeployment
from azsim.devices.loader import load_device
from azsim.devices.spec import Device
from azsim.errors import InputError
from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.stack import Stack
from azsim.speech.work import Job
from tests.conftest import random_network
from tests.soc.cases import work

AZ1 = load_device("az1")


def encoded(network) -> CompressedNetwork:
    return compress(network, weight_bits=4, sparsity=0.5, codec="zvsv", layout=tile_layout(AZ1.chip))


@pytest.fixture(scope="module")
def small() -> CompressedNetwork:
    return encoded(random_network(5))


@pytest.fixture(scope="module")
def halving() -> CompressedNetwork:
    """A dense layer at every step, and one at every second step."""
    rng = np.random.default_rng(2)
    parameters = {name: rng.normal(size=shape).astype(np.float32) for name, shape in (("a", (40, 64)), ("b", (20, 80)))}
    nodes = (
        Node("first", Dense(), ("x",), ("y",), {"weights": "a"}),
        Node("two", Stack(2), ("y",), ("yy",)),
        Node("second", Dense(), ("yy",), ("z",), {"weights": "b"}),
    )
    return encoded(GraphNetwork(Graph("halving", {"x": Tensor((64,))}, ("z",), nodes, parameters), "drawn", 100.0))


def streaming(device: Device) -> Device:
    sram = msgspec.structs.replace(device.chip.sram, residency="streamed")
    return msgspec.structs.replace(device, chip=msgspec.structs.replace(device.chip, sram=sram))


def bytes_of(run) -> int:
    parts = run.parts if isinstance(run, Sections) else (run,)
    return sum(int(part.fetch_bytes.sum()) for part in parts)


def test_a_program_runs_as_often_as_its_nodes(small: CompressedNetwork, halving: CompressedNetwork) -> None:
    sizes = {name: len(halving.matrices[name].encoded.data) for name in ("a", "b")}
    (single,) = Deployment(streaming(AZ1), small, beside={"net": Beside(halving, every_ms=10.0)}).companions
    odd, even = (bytes_of(run) for run in single.runs)
    assert even - odd >= sizes["b"] > 0
    assert odd >= sizes["a"]
    (pairs,) = Deployment(streaming(AZ1), small, beside={"net": Beside(halving, every_ms=20.0, vectors=2)}).companions
    assert len(pairs.runs) == 1
    assert bytes_of(pairs.schedule) == pytest.approx(sizes["a"] + sizes["b"], rel=0.1)
    played = Deployment(streaming(AZ1), small, beside={"net": Beside(halving, every_ms=10.0)}).play(work(), music=None)
    assert len(played.companions["net"].responses_ps) > 10


def test_what_stays_is_brought_back_for_all(small: CompressedNetwork, halving: CompressedNetwork) -> None:
    alone, both = Deployment(AZ1, small), Deployment(AZ1, small, beside={"net": Beside(halving, every_ms=10.0)})
    assert set(both.shared.plans["net"].modes.values()) == {"decoded"}
    assert bytes_of(both.companions[0].schedule) == 0
    _, schedules = both.ready(work())
    _, before = alone.ready(work())
    assert schedules[RELOAD].fetch_bytes.sum() - before[RELOAD].fetch_bytes.sum() == sum(
        len(matrix.encoded.data) for matrix in halving.matrices.values()
    )
    assert both.resident_bytes == sum(plan.resident_bytes for plan in both.shared.plans.values()) > alone.resident_bytes
    assert both.plan.modes == alone.plan.modes  # there is room for all of them on this chip


def test_jobs_of_a_stage_run_its_own_programs(small: CompressedNetwork, halving: CompressedNetwork) -> None:
    asked = work()
    more = [Job("npu", "halving.0", 3, 200, stage="net", priority=40), Job("npu", "halving.1", 3, 200, 2, stage="net")]
    busy = asked.followed_by(more)
    deployed = Deployment(AZ1, small, beside={"net": Beside(halving)})
    assert {"net/halving.0", "net/halving.1*2"} <= set(deployed.schedules_of(busy))
    assert deployed.companions == ()
    without, with_them = (deployed.play(one, music=None) for one in (asked, busy))
    assert with_them.busy_ps["npu"] > without.busy_ps["npu"]
    with pytest.raises(InputError, match=r"job 'net/halving\.2': no schedule"):
        deployed.play(asked.followed_by([replace(more[0], name="halving.2")]), music=None)


def test_no_network_stays_beside_branches_that_swap(small: CompressedNetwork, halving: CompressedNetwork) -> None:
    with pytest.raises(InputError, match=r"networks net: none can stay beside an encoder that swaps"):
        SwappedDeployment(AZ1, small, beside={"net": Beside(halving)}).plan  # noqa: B018
