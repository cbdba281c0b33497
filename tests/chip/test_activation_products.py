"""Products of activations: the lanes take their operand whole, nothing is fetched or decoded."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from azsim.chip.activation_products import product_tiles
from azsim.chip.build import build_schedule, build_schedules, compile_all
from azsim.chip.instructions import Cpu, Fetch, Load, Product, Store, Sync, decode, encode, listing
from azsim.chip.residency import plan_residency
from azsim.chip.schedule import CpuWork, Sections
from azsim.chip.tiles import tile_layout
from azsim.compress import compress
from azsim.compress.codecs import encode as encode_matrix
from azsim.compress.network import CompressedMatrix, CompressedNetwork
from azsim.deploy.deployment import Deployment
from azsim.devices import load_device
from azsim.devices.sram import in_lines
from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.attention import Attention
from azsim.nn.operators.conv2d import Conv2d
from azsim.nn.operators.dense import Dense
from azsim.nn.program import MatrixUse, Program, ProgramStage

AZ1 = load_device("az1").chip
ALL_FUNCTIONS = msgspec.structs.replace(
    AZ1,
    vector=msgspec.structs.replace(AZ1.vector, functions=(*AZ1.vector.functions, "exp", "compare", "divide")),
)
HEADS, WIDTH, LEFT = 4, 64, 30


def attention(left: int = LEFT) -> GraphNetwork:
    rng = np.random.default_rng(1)
    parameters = {name: rng.normal(0, 1, (WIDTH, WIDTH)).astype(np.float32) for name in "qkvo"}
    nodes = [Node(name, Dense(), ("x",), (f"{name}.out",), {"weights": name}) for name in "qkv"]
    nodes += [
        Node("attend", Attention(HEADS, left), ("q.out", "k.out", "v.out"), ("mixed",)),
        Node("o", Dense(), ("mixed",), ("y",), {"weights": "o"}),
    ]
    return GraphNetwork(Graph("block", {"x": Tensor((WIDTH,))}, ("y",), tuple(nodes), parameters), "made up", 33.3)


@pytest.mark.parametrize("device", ["az1", "eie", "systolic-32"])
@pytest.mark.parametrize("vectors", [1, 5])
def test_it_costs_the_lanes_what_a_dense_resident_matrix_does(device: str, vectors: int) -> None:
    chip = load_device(device).chip
    if chip.lanes:
        dense = msgspec.structs.replace(chip.lanes, skip="none", skip_zero_columns=False)
        chip = msgspec.structs.replace(chip, lanes=dense)
    ones = np.ones((70, 90), np.int8)
    matrix = CompressedMatrix("m", encode_matrix(ones, "raw", 8, tile_layout(chip)), (1.0,))
    network = CompressedNetwork("made up", attention(), {"m": matrix})
    program = Program("p", (ProgramStage("s", (MatrixUse("m", "input", "ready", vectors),), ()),))
    wanted = build_schedule(chip, program, network, {"m": "decoded"})
    found = product_tiles(70, 90, vectors, chip)
    for column in ("lane_cycles", "lane_split", "positions", "products", "fetch_bytes", "decode_cycles"):
        assert np.array_equal(getattr(found, column), getattr(wanted, column)), column
    assert found.products.sum() == 70 * 90 * vectors


def test_no_zero_is_skipped() -> None:
    found = product_tiles(64, 32, 3, AZ1)
    assert AZ1.lanes.skip != "none"
    assert found.products.sum() == 64 * 32 * 3


def test_attention_is_two_products_between_its_matrices() -> None:
    network = attention()
    small = compress(network, codec="zvsv", weight_bits=4, sparsity=0.5, layout=tile_layout(AZ1))
    (code,) = compile_all(ALL_FUNCTIONS, small).values()
    keys = LEFT + 1
    made = [step for step in code.instructions if isinstance(step, Product)]
    assert made == [Product(HEADS * keys, WIDTH // HEADS, 8), Product(WIDTH, keys, 8)]
    assert decode(encode(code), code.matrices) == code.instructions
    assert f"product {HEADS * keys} x {WIDTH // HEADS} of activations 8b" in "\n".join(listing(code))
    kinds = [type(step) for step in code.instructions]
    first = kinds.index(Product)
    assert kinds[first - 1] is Sync  # queries and keys must be there
    (schedule,) = build_schedules(ALL_FUNCTIONS, small, plan_residency(ALL_FUNCTIONS, small)).values()
    weights = sum(int(np.count_nonzero(values)) for values in small.decoded.values())
    assert schedule.products.sum() == weights + 2 * keys * WIDTH


def test_what_the_vector_unit_lacks_goes_to_the_cpu_and_is_charged() -> None:
    small = compress(attention(), codec="zvsv", weight_bits=4, layout=tile_layout(AZ1))
    (schedule,) = build_schedules(AZ1, small).values()
    assert isinstance(schedule, Sections)
    scores = HEADS * (LEFT + 1)
    work = [(part.function, part.elements) for part in schedule.parts if isinstance(part, CpuWork)]
    assert work == [("compare", scores), ("exp", scores), ("divide", WIDTH)]


@pytest.mark.parametrize("left", [30, 3000, 10_000])
def test_keys_and_values_lie_where_there_is_room_and_are_charged(left: int) -> None:
    device = load_device("az1")
    device = msgspec.structs.replace(device, chip=ALL_FUNCTIONS)
    small = compress(attention(left), codec="zvsv", weight_bits=4, sparsity=0.5, layout=tile_layout(device.chip))
    deployed = Deployment(device, small)
    plan = deployed.plan
    cache = left * WIDTH
    room = device.chip.sram.bytes - plan.use.working_bytes + plan.use.state_bytes
    fits = min(2, room // in_lines(cache))
    assert list(plan.states.items()) == [
        (name, "decoded" if at < fits else "streamed") for at, name in enumerate(("attend.keys", "attend.values"))
    ]
    assert plan.use.state_bytes == fits * in_lines(cache)
    assert plan.peak_bytes <= device.chip.sram.bytes
    (code,) = deployed.codes.values()
    moved = [step.size_bytes for step in code.instructions if isinstance(step, (Fetch, Store))]
    assert moved == [*[cache, WIDTH] * (2 - fits), WIDTH]  # the last is the output
    assert not any(isinstance(step, (Load, Cpu)) for step in code.instructions)
    (cost,) = deployed.costs.values()
    assert cost.fetch_bytes == (2 - fits) * cache


def test_each_place_of_a_convolution_is_a_vector_that_shares_the_tiles() -> None:
    rng = np.random.default_rng(2)
    parameters = {"w": rng.normal(0, 1, (40, 27)).astype(np.float32)}
    node = Node("conv", Conv2d((3, 3), padding=(1, 1, 1, 1)), ("x",), ("y",), {"weights": "w"})
    network = GraphNetwork(Graph("net", {"x": Tensor((3, 6, 5))}, ("y",), (node,), parameters), "made up", 10.0)
    small = compress(network, codec="raw", layout=tile_layout(AZ1))
    (schedule,) = build_schedules(AZ1, small, {}).values()
    effectual = int(np.count_nonzero(small.decoded["w"]))
    assert schedule.products.sum() == effectual * 30
    assert schedule.fetch_bytes.sum() == pytest.approx(40 * 27, rel=0.1)
    plan = plan_residency(AZ1, small)
    assert plan.use.activation_bytes == max(AZ1.sram.activation_bytes, 30 * (27 + 4 * 40))
