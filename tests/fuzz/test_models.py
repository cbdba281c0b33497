"""Damaged and forged files of networks, in float and compressed, read and put to use."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import azsim
from azsim.compress.stored import load_compressed, save_compressed
from azsim.compress.update.image import pack_image, read_image
from azsim.nn.graph.calibrate import calibrated
from azsim.nn.graph.executor import Executor, Model
from azsim.nn.graph.graph import Carried, Graph, Node
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.stored import save_graph
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.add import Add
from azsim.nn.operators.conv1d import Conv1d
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.lstm import Lstm
from azsim.nn.rnnt.save import save_network
from azsim.nn.sealed import DIGEST_KEY
from tests.compress.update.conftest import LAYOUT
from tests.conftest import random_network
from tests.fuzz.harness import Attack, damaged, numbers

BLIND, FORGED, IMAGES = 30, 80, 60
BAD_JSON = (
    None, True, -1, 0, 1, 2**31, 2**63, 1e308, float("nan"), "", "x", "\x1b[31m", "a\nb", "=1+1", "x" * 2000, [], [0],
    [-1, 2], [2**40, 2**40], {}, {"a": 1}, [[[[]]]], "F8_E4M3", "BF16", "I64",
)  # fmt: skip


def files(folder: Path) -> dict[str, Path]:
    """A small network as it is trained, and compressed."""
    network = random_network(8)
    save_network(network, folder / "float.safetensors")
    small = azsim.compress(network, weight_bits=5, sparsity=0.4, codec="zvsv")
    save_compressed(small, folder / "small.safetensors")
    graph = tagger()
    save_graph(graph, folder / "graph.safetensors")
    save_compressed(azsim.compress(graph, weight_bits=4, codec="huffman"), folder / "streams.safetensors")
    names = {"float": "float", "compressed": "small", "graph": "graph", "graph compressed": "streams"}
    return {name: folder / f"{file}.safetensors" for name, file in names.items()}


def tagger() -> GraphNetwork:
    """A small graph with a state of its own, calibrated."""
    rng = np.random.default_rng(5)
    shapes = {"conv": (8, 24), "in": (16, 8), "again": (16, 4), "out": (4, 4), "bias": (4,)}
    nodes = (
        Node("conv", Conv1d(3), ("x",), ("c",), {"weights": "conv"}),
        Node("lstm", Lstm(), ("c",), ("h",), {"input": "in", "recurrent": "again"}),
        Node("out", Dense(), ("h",), ("o",), {"weights": "out", "bias": "bias"}),
        Node("sum", Add(), ("o", "before"), ("y",)),
    )
    parameters = {name: rng.normal(0, 0.4, shape).astype(np.float32) for name, shape in shapes.items()}
    carried = (Carried("before", "o", Tensor((4,)), np.full(4, 0.25, np.float32)),)
    graph = Graph("tagger", {"x": Tensor((8,))}, ("y",), nodes, parameters, carried)
    grids = calibrated(graph, [{"x": rng.normal(0, 1, (30, 8)).astype(np.float32)}], "tensor").stated
    return GraphNetwork(graph, "drawn", 50.0, grids)


def use(path: Path) -> None:
    """Read a network as commands do, and what they do with it."""
    small = load_compressed(path)
    if small is None:
        small = azsim.compress(azsim.load_network(path), weight_bits=4, sparsity=0.5, codec="zvsv")
    small.network.programs()
    if isinstance(small.network, GraphNetwork):
        inputs = {name: np.zeros((9, *tensor.shape), np.float32) for name, tensor in small.network.graph.inputs.items()}
        Executor(Model.in_float(small.network.graph)).push(inputs)


def forged(data: bytes, rng: np.random.Generator) -> bytes:
    """The same file without its digest, with one thing in its header changed, or of its metadata's JSON."""
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    metadata = header["__metadata__"]
    metadata.pop(DIGEST_KEY, None)
    bad = BAD_JSON[int(rng.integers(len(BAD_JSON)))]
    names = [name for name in header if name != "__metadata__"]
    kind = int(rng.integers(6))
    if kind == 0:
        tensor = header[names[int(rng.integers(len(names)))]]
        tensor[["dtype", "shape", "data_offsets"][int(rng.integers(3))]] = bad
    elif kind == 1:
        header.pop(names[int(rng.integers(len(names)))])
    elif kind == 2:
        name = names[int(rng.integers(len(names)))]
        header[f"{name}\x1b" if rng.random() < 0.5 else ""] = header.pop(name)
    else:
        key = list(metadata)[int(rng.integers(len(metadata)))]
        try:
            tree = json.loads(metadata[key])
        except json.JSONDecodeError:
            tree = None
        if isinstance(tree, dict) and tree and kind > 3:
            put(tree, bad, rng)
            metadata[key] = json.dumps(tree)
        else:
            metadata[key] = str(bad) if kind == 3 else json.dumps(bad)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[8 + size :]


def put(tree: dict | list, bad: object, rng: np.random.Generator) -> None:
    """A bad value at a place of JSON, at any depth."""
    keys = list(tree) if isinstance(tree, dict) else range(len(tree))
    key = keys[int(rng.integers(len(keys)))]
    if isinstance(tree[key], dict | list) and tree[key] and rng.random() < 0.8:
        put(tree[key], bad, rng)
    else:
        tree[key] = bad


@pytest.mark.parametrize("kind", ["float", "compressed", "graph", "graph compressed"])
def test_files(attack: Attack, kind: str, tmp_path: Path) -> None:
    path = files(tmp_path)[kind]
    whole = path.read_bytes()
    changes: list[tuple[str, Callable[[bytes, np.random.Generator], bytes], int]] = [
        ("damage", damaged, BLIND),
        ("forged", forged, FORGED),
    ]
    for what, change, few in changes:
        for number in numbers(few):
            case = f"{what} {number}"
            path.write_bytes(change(whole, attack.rng(number)))
            attack.answer(case, lambda: use(path))
            if number % 40 == 0:
                attack.command(case, tmp_path, "inspect", str(path))


def test_images(attack: Attack, tmp_path: Path) -> None:
    small = azsim.compress(random_network(8), weight_bits=5, sparsity=0.4, codec="zvsv", layout=LAYOUT)
    whole = pack_image(small)
    path = tmp_path / "image.azm"
    for number in numbers(IMAGES):
        data = damaged(whole, attack.rng(number))
        case = f"damage {number}"
        attack.answer(case, lambda data=data: read_image(data))
        if number % 30 == 0:
            path.write_bytes(data)
            attack.command(case, tmp_path, "update", "inspect", str(path))
