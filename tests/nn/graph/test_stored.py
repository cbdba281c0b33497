"""Files of graphs: what is written is read again, whole; what is forged is refused by name."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import msgspec
import numpy as np
import pytest

from azsim.cli import main
from azsim.compress import compress
from azsim.compress.stored import load_compressed, load_network, load_recogniser, save_compressed
from azsim.errors import InputError
from azsim.nn.graph.calibrate import calibrated, rounded
from azsim.nn.graph.executor import Executor, Model
from azsim.nn.graph.graph import Carried, Graph, Node
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.operator import Operator
from azsim.nn.graph.stored import GRAPH_KEY, GRIDS_KEY, save_graph
from azsim.nn.graph.tensor import Tensor
from azsim.nn.graph.topology import NodeText, Topology, graph_of, node_of, node_text, topology_of
from azsim.nn.operators.add import Add
from azsim.nn.operators.clip import Clip
from azsim.nn.operators.conv1d import Conv1d
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.layer_norm import LayerNorm
from azsim.nn.operators.lstm import Lstm
from azsim.nn.operators.matmul import Matmul
from azsim.nn.operators.pad import Pad
from azsim.nn.operators.relu import Relu
from azsim.nn.operators.threshold import Threshold
from azsim.nn.sealed import CARD_KEY, WEIGHT_SCALES_KEY, read_stored, write_sealed

RNG = np.random.default_rng(7)
PARAMETERS = {
    name: RNG.normal(0, 0.3, shape).astype(np.float32)
    for name, shape in {"conv": (16, 24), "bias": (16,), "in": (32, 16), "again": (32, 8), "out": (4, 8)}.items()
}
GRAPH = Graph(
    "ears",
    {"x": Tensor((8,))},
    ("y",),
    (
        Node("conv", Conv1d(3, stride=2), ("x",), ("c",), {"weights": "conv", "bias": "bias"}),
        Node("held", Clip(low=0.0), ("c",), ("h",)),
        Node("lstm", Lstm(), ("h",), ("l",), {"input": "in", "recurrent": "again"}),
        Node("out", Dense(), ("l",), ("o",), {"weights": "out"}),
        Node("sum", Add(), ("o", "before"), ("y",)),
    ),
    PARAMETERS,
    (Carried("before", "o", Tensor((4,), Fraction(2)), np.array([0.5, -0.25, 0, 0.125], np.float32)),),
)
INPUT = {"x": RNG.normal(0, 1, (60, 8)).astype(np.float32)}


def network(calibrate: bool = True) -> GraphNetwork:
    grids = calibrated(GRAPH, [INPUT], "tensor").stated if calibrate else {}
    return GraphNetwork(GRAPH, "mine", 100.0, grids)


def run(found: Graph) -> np.ndarray:
    return Executor(Model.in_float(found)).push(INPUT)["y"]


def test_topology_is_the_same_after_json() -> None:
    text = msgspec.json.encode(topology_of(GRAPH))
    starts = {each.name: each.start for each in GRAPH.carried}
    again = graph_of("ears", msgspec.json.decode(text, type=Topology), PARAMETERS, starts)
    assert again.nodes == GRAPH.nodes
    assert again.inputs == GRAPH.inputs
    assert again.outputs == GRAPH.outputs
    assert b"Infinity" not in text
    assert b"null" not in text
    assert np.array_equal(run(again), run(GRAPH))


@pytest.mark.parametrize("calibrate", [True, False])
def test_float_graph_comes_back(tmp_path: Path, calibrate: bool) -> None:
    made = network(calibrate)
    digest = save_graph(made, tmp_path / "net.safetensors", {"why": "a test"})
    read = load_network(tmp_path / "net.safetensors")
    assert isinstance(read, GraphNetwork)
    assert (read.digest, read.verified, read.steps_per_s, read.grids) == (digest, True, 100.0, made.grids)
    assert load_compressed(tmp_path / "net.safetensors") is None
    assert np.array_equal(run(read.graph), run(GRAPH))


def test_int8_weights_keep_their_values_and_scales(tmp_path: Path) -> None:
    weights = {name: rounded(PARAMETERS[name], len(PARAMETERS[name])) for name in GRAPH.weight_matrices}
    save_graph(replace(network(), quantised=weights), tmp_path / "net.safetensors")
    read = load_network(tmp_path / "net.safetensors")
    for name, each in weights.items():
        assert np.array_equal(read.quantised[name].values, each.values)
        assert np.array_equal(read.quantised[name].scales, each.scales)
        assert np.allclose(read.parameters[name], PARAMETERS[name], atol=float(each.scales.max()))


def test_bitstreams_come_back_bit_for_bit_and_run_in_integers(tmp_path: Path) -> None:
    small = compress(network(), codec="zvsv", weight_bits=6, sparsity=0.3)
    save_compressed(small, tmp_path / "net.safetensors")
    read = load_compressed(tmp_path / "net.safetensors")
    assert read is not None
    outputs = []
    for each in (small, read):
        integers = each.network.integers(each.integer_weights)
        grid = integers.grids["x"]
        outputs.append(Executor(Model.in_integers(integers)).push({"x": grid.quantise(INPUT["x"])})["y"])
    assert np.array_equal(*outputs)
    assert all(each.encoded.data == read.matrices[name].encoded.data for name, each in small.matrices.items())


def test_graph_is_no_recogniser(tmp_path: Path) -> None:
    save_graph(network(), tmp_path / "net.safetensors")
    with pytest.raises(InputError, match="no recogniser"):
        load_recogniser(tmp_path / "net.safetensors")


def forge(path: Path, key: str, change: object) -> None:
    """Rewrite a file with one thing of its metadata changed."""
    stored = read_stored(path)
    tree = json.loads(stored.metadata[key])
    change(tree)
    write_sealed(path, stored.tensors, {**stored.metadata, key: json.dumps(tree)})


def cycle(tree: dict) -> None:
    tree["nodes"][0]["inputs"] = ["l"]


BAD = {
    "newer": (CARD_KEY, lambda tree: tree.update(format=2), "made by a newer azsim"),
    "rate": (CARD_KEY, lambda tree: tree.update(steps_per_s=0), "above 0"),
    "cycle": (GRAPH_KEY, cycle, "a cycle without a state"),
    "operator": (GRAPH_KEY, lambda tree: tree["nodes"][0].update(kind="conv3d"), "operator 'conv3d'"),
    "attribute": (GRAPH_KEY, lambda tree: tree["nodes"][0]["attributes"].update(tips=2), "attribute 'tips'"),
    "value": (GRAPH_KEY, lambda tree: tree["nodes"][0]["attributes"].update(taps="3"), "node conv"),
    "shape": (GRAPH_KEY, lambda tree: tree["inputs"]["x"].update(shape=[9]), "conv"),
    "huge": (GRAPH_KEY, lambda tree: tree["inputs"]["x"].update(shape=[2**62]), "must be at most 8 extents"),
    "period": (GRAPH_KEY, lambda tree: tree["carried"][0]["tensor"].update(period="1/0"), "period"),
    "start": (GRAPH_KEY, lambda tree: tree["carried"][0].update(starts=False), "nothing starts from it"),
    "state": (GRAPH_KEY, lambda tree: tree["carried"][0]["tensor"].update(shape=[5]), "graph ears"),
    "parameter": (GRAPH_KEY, lambda tree: tree["nodes"][0]["parameters"].pop("bias"), "no node has it"),
    "grid": (GRIDS_KEY, lambda tree: tree["x"].update(scale=-1), "must be a positive number"),
    "bits": (GRIDS_KEY, lambda tree: tree["x"].update(bits=9), "x.bits = 9: must be one of 8, 16, 32"),
    "no grid": (GRIDS_KEY, lambda tree: tree.pop("x"), "a scale is missing"),
    "stranger": (GRIDS_KEY, lambda tree: tree.update(z=tree["x"]), "no such tensor"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_forged_file_is_refused_in_a_line(case: str, tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    save_graph(network(), path)
    key, change, said = BAD[case]
    forge(path, key, change)
    with pytest.raises(InputError, match=said) as found:
        load_network(path)
    assert "\n" not in str(found.value)
    assert str(path) in str(found.value)


def test_scales_of_a_stranger_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    save_compressed(compress(network(), codec="raw"), path)
    forge(path, WEIGHT_SCALES_KEY, lambda tree: tree.update(bias=[1.0]))
    with pytest.raises(InputError, match="bias"):
        load_network(path)
    save_compressed(compress(network(), codec="raw"), path)
    forge(path, WEIGHT_SCALES_KEY, lambda tree: tree.pop("conv"))
    with pytest.raises(InputError, match="conv"):
        load_network(path)


@pytest.mark.parametrize(
    "operator",
    [Matmul(0.25), Relu(0.5), LayerNorm(1e-3), Clip(-1.5, 2.0), Threshold(0.75), Pad((0, 1), (2, 0), "edge")],
)
def test_attributes_of_every_type_come_back(operator: Operator) -> None:
    node = Node("node", operator, ("a",), ("b",))
    text = msgspec.json.decode(msgspec.json.encode(node_text(node)), type=NodeText)
    assert node_of(text).operator == operator


def test_long_chain_is_read_quickly(tmp_path: Path) -> None:
    names = [f"t{i}" for i in range(1001)]
    nodes = tuple(Node(f"n{i}", Clip(low=0.0), (names[i],), (names[i + 1],)) for i in range(1000))
    chain = Graph("chain", {"t0": Tensor((2,))}, ("t1000",), nodes[::-1], {})
    save_graph(GraphNetwork(chain, "mine", 1.0), tmp_path / "net.safetensors")
    assert len(load_network(tmp_path / "net.safetensors").graph.nodes) == 1000


def test_file_is_inspected_with_its_graph(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.safetensors"
    save_graph(network(), path)
    assert main(["inspect", str(path), "--graph", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["network"] == "ears"
    assert answer["weights"] == sum(PARAMETERS[name].size for name in GRAPH.weight_matrices)
    assert "conv1d(taps=3, stride=2)" in answer["graphs"][0]
    assert main(["inspect", str(path), "--frames-per-step", "2"]) == 2


def test_what_the_maker_says_comes_back_and_travels_on(tmp_path: Path) -> None:
    save_graph(network(), tmp_path / "one.safetensors", {"labels": "yes no"})
    one = load_network(tmp_path / "one.safetensors")
    assert one.card == {"labels": "yes no"}
    save_graph(one, tmp_path / "two.safetensors")
    assert load_network(tmp_path / "two.safetensors").card == one.card
