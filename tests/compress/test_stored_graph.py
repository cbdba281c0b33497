"""Files of graphs: bitstreams come back as they were, parts that do not fit each other are refused by name."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from azsim.compress import compress
from azsim.compress.network import CompressedNetwork
from azsim.compress.stored_graph import compressed_graph_file, read_graph_file
from azsim.errors import CodecError, InputError
from azsim.nn.graph.calibrate import calibrated
from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.lstm import Lstm
from azsim.nn.sealed import WEIGHT_SCALES_KEY, Stored, read_stored, write_sealed

RNG = np.random.default_rng(6)


@cache
def small(granularity: str = "tensor") -> CompressedNetwork:
    parameters = {
        name: RNG.normal(0, 0.3, shape).astype(np.float32)
        for name, shape in {"in": (16, 6), "again": (16, 4), "out": (3, 4), "bias": (3,)}.items()
    }
    nodes = (
        Node("lstm", Lstm(), ("x",), ("h",), {"input": "in", "recurrent": "again"}),
        Node("out", Dense(), ("h",), ("y",), {"weights": "out", "bias": "bias"}),
    )
    graph = Graph("net", {"x": Tensor((6,))}, ("y",), nodes, parameters)
    grids = calibrated(graph, [{"x": RNG.normal(0, 1, (30, 6)).astype(np.float32)}]).stated
    return compress(
        GraphNetwork(graph, "drawn", 100.0, grids), weight_bits=4, codec="zvsv", granularity=granularity
    )


def stored(path: Path, granularity: str = "tensor") -> Stored:
    tensors, metadata = compressed_graph_file(small(granularity), {"made_by": "a test"})
    write_sealed(path, tensors, metadata)
    return read_stored(path)


@pytest.mark.parametrize("granularity", ["tensor", "gate", "channel"])
def test_bitstreams_and_scales_come_back_as_they_were(tmp_path: Path, granularity: str) -> None:
    found, network = read_graph_file(stored(tmp_path / "net.safetensors", granularity))
    before = small(granularity)
    assert list(found.matrices) == list(before.matrices)
    for name, matrix in before.matrices.items():
        assert found.matrices[name].encoded.data == matrix.encoded.data
        assert found.matrices[name].scales == matrix.scales
        assert np.array_equal(found.decoded[name], before.decoded[name])
    assert network.grids == before.network.grids
    assert network.card["made_by"] == "a test"
    assert np.array_equal(network.parameters["bias"], before.network.parameters["bias"])


def changed(path: Path, **tensors: np.ndarray | None) -> Stored:
    one = stored(path)
    return replace(one, tensors={name: each for name, each in (one.tensors | tensors).items() if each is not None})


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({"out": None}, "out: there is no such tensor"),
        ({"out": np.zeros((3, 4), np.float32)}, "out"),
        ({"out": np.zeros((3, 4), np.uint8)}, "out: stream of 12 bytes is too short"),
        ({"bias": np.zeros(3, np.int64)}, "bias: int64: must be float32"),
    ],
)
def test_parts_that_do_not_fit_are_refused_by_name(tmp_path: Path, tensors: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_graph_file(changed(tmp_path / "net.safetensors", **tensors))


def test_a_damaged_bitstream_is_refused(tmp_path: Path) -> None:
    one = stored(tmp_path / "net.safetensors")
    damaged = one.tensors["in"].copy()
    damaged[-1] ^= 0xFF
    with pytest.raises(CodecError, match="in"):
        read_graph_file(replace(one, tensors={**one.tensors, "in": damaged}))


def test_all_matrices_are_bitstreams_or_none(tmp_path: Path) -> None:
    one = stored(tmp_path / "net.safetensors")
    scales = {name: each for name, each in json.loads(one.metadata[WEIGHT_SCALES_KEY]).items() if name != "out"}
    mixed = replace(
        one,
        tensors={**one.tensors, "out": small().network.parameters["out"]},
        metadata={**one.metadata, WEIGHT_SCALES_KEY: json.dumps(scales)},
    )
    with pytest.raises(InputError, match="out: either all matrices are bitstreams"):
        read_graph_file(mixed)
