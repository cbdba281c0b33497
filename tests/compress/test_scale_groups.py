"""Scales for each gate or row: what each group loses is what it would lose alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.compress import compress
from azsim.compress.network import FACTOR_BYTES
from azsim.compress.quantise import uniform
from azsim.compress.recipe import MatrixRecipe, quantise
from azsim.compress.scale_groups import by_group
from azsim.compress.stored import load_compressed, save_compressed
from azsim.compress.update.image import open_image, pack_image, read_image
from azsim.errors import CodecError, InputError
from azsim.nn.graph.calibrate import calibrated
from azsim.nn.graph.executor import Executor, Model
from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.lstm import Lstm
from azsim.nn.rnnt.network import Network
from azsim.nn.sealed import CARD_KEY, read_stored
from tests.conftest import random_network

LAYER = "encoder.1.recurrent"


@pytest.fixture(scope="module")
def uneven() -> Network:
    """A recogniser one of whose gates has small weights."""
    network = random_network(5)
    parameters = dict(network.parameters)
    for name in network.weight_matrices:
        if name.endswith((".input", ".recurrent")):
            matrix = parameters[name].copy()
            matrix[: len(matrix) // 4] /= 32
            parameters[name] = matrix
    return replace(network, parameters=parameters)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 6), st.integers(1, 4), st.integers(1, 9), st.integers(2, 8), st.integers(0, 2**32 - 1),
    st.sampled_from(["packed", "zvsv", "palette"]),
)  # fmt: skip
def test_each_group_has_its_own_steps(groups: int, each: int, columns: int, bits: int, seed: int, codec: str) -> None:
    rng = np.random.default_rng(seed)
    sizes = 2.0 ** rng.integers(-12, 12, groups)
    weights = (rng.standard_normal((groups * each, columns)) * np.repeat(sizes, each)[:, None]).astype(np.float32)
    values, scales, _ = quantise(weights, MatrixRecipe(bits, 0.0, codec), groups)
    assert values.shape == weights.shape
    assert values.dtype == np.int8
    assert len(scales) == groups
    for k, part in enumerate(np.split(weights, groups)):
        own = np.split(values, groups)[k] * scales[k]
        assert np.abs(own - part).max() <= 1.0001 * np.abs(part).max()
    if codec == "packed":
        for k, part in enumerate(np.split(weights, groups)):
            alone, scale = uniform(part, bits)
            assert (np.split(values, groups)[k] == alone).all()
            assert scales[k] == scale


def test_one_group_is_the_matrix_itself() -> None:
    weights = np.linspace(-1, 1, 35, dtype=np.float32).reshape(5, 7)
    values, scales = by_group(weights, 1, lambda part: uniform(part, 4))
    wanted, scale = uniform(weights, 4)
    assert (values == wanted).all()
    assert scales == (scale,)


def test_a_small_gate_keeps_its_bits(uneven: Network) -> None:
    errors = {}
    for granularity in ("tensor", "gate", "channel"):
        small = compress(uneven, weight_bits=5, codec="zvsv", granularity=granularity)
        matrix, wanted = small.matrices[LAYER], uneven.parameters[LAYER]
        rows = len(wanted) // 4
        found = (small.decoded[LAYER] * matrix.row_scales[:, None])[:rows]
        errors[granularity] = float(((found - wanted[:rows]) ** 2).mean() / (wanted[:rows] ** 2).mean())
        assert len(matrix.scales) == {"tensor": 1, "gate": 4, "channel": len(wanted)}[granularity]
    assert errors["gate"] < errors["tensor"] / 10
    assert errors["channel"] < errors["tensor"] / 10


def test_what_has_no_gates_has_one_scale_and_rows_looked_up_too(uneven: Network) -> None:
    gates = compress(uneven, granularity="gate")
    assert len(gates.matrices["joint.output"].scales) == 1
    channels = compress(uneven, granularity="channel")
    assert len(channels.matrices["joint.output"].scales) == len(uneven.pieces)
    assert len(channels.matrices["prediction.embedding"].scales) == 1


def test_factors_count_as_bytes_of_the_model(uneven: Network) -> None:
    one, many = (compress(uneven, granularity=each) for each in ("tensor", "channel"))
    rows = sum(len(uneven.parameters[name]) for name in uneven.weight_matrices if name != "prediction.embedding")
    assert one.model_bytes == one.weight_bytes + 4 * sum(v.size for v in uneven.parameters.values() if v.ndim != 2)
    assert many.model_bytes - many.weight_bytes - (one.model_bytes - one.weight_bytes) == FACTOR_BYTES * rows


def test_an_override_says_it_for_some(uneven: Network) -> None:
    small = compress(uneven, overrides={"encoder.*.recurrent": MatrixRecipe(granularity="gate")})
    groups = {name: len(matrix.scales) for name, matrix in small.matrices.items()}
    assert {name for name, count in groups.items() if count == 4} == {n for n in groups if n.endswith("recurrent")} - {
        "prediction.0.recurrent"
    }


@pytest.mark.parametrize("granularity", ["tensor", "gate", "channel"])
def test_files_keep_every_scale(uneven: Network, granularity: str, tmp_path) -> None:
    small = compress(uneven, weight_bits=4, codec="zvsv", granularity=granularity)
    path = tmp_path / "m.safetensors"
    save_compressed(small, path)
    assert f'"format": {1 if granularity == "tensor" else 2}' in read_stored(path).metadata[CARD_KEY]
    stored, image = load_compressed(path), read_image(pack_image(small))
    for found in (stored, image):
        for name, matrix in small.matrices.items():
            assert found.matrices[name].scales == matrix.scales
            assert found.matrices[name].encoded.data == matrix.encoded.data
            wanted = (small.decoded[name] * matrix.row_scales[:, None].astype(np.float32)).astype(np.float32)
            assert (found.network.parameters[name] == wanted).all()


def test_images_of_older_formats_hold_one_scale(uneven: Network) -> None:
    gates, one = compress(uneven, granularity="gate"), compress(uneven)
    assert open_image(pack_image(one)).header.format == 2
    assert open_image(pack_image(gates)).header.format == 3
    with pytest.raises(InputError, match=r"format = 2: holds one scale a matrix, encoder\.0\.input has several"):
        pack_image(gates, 2)
    data = pack_image(gates).replace(b'"format":3', b'"format":2', 1)
    with pytest.raises(CodecError, match="CRC-32"):
        read_image(data)


@pytest.mark.parametrize("scales", [(), (1.0,) * 7, (1.0, 0.0), (1.0, float("nan")), (1.0, -1.0)])
def test_scales_that_cannot_be_are_refused(uneven: Network, scales: tuple[float, ...]) -> None:
    matrix = compress(uneven).matrices[LAYER]
    with pytest.raises(InputError, match="scale"):
        replace(matrix, scales=scales)


def test_a_granularity_that_does_not_exist_is_refused(uneven: Network) -> None:
    with pytest.raises(InputError, match="granularity = 'row': must be one of tensor, gate, channel"):
        compress(uneven, granularity="row")


@pytest.mark.parametrize("granularity", ["gate", "channel"])
def test_any_graph_has_them_in_its_file_and_in_its_integers(granularity: str, tmp_path) -> None:
    rng = np.random.default_rng(8)
    shapes = {"wide": (6, 5), "kept.input": (8, 6), "kept.recurrent": (8, 2)}
    parameters = {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    nodes = (
        Node("wide", Dense(), ("x",), ("y",), {"weights": "wide"}),
        Node("kept", Lstm(), ("y",), ("z",), {"input": "kept.input", "recurrent": "kept.recurrent"}),
    )
    graph = Graph("mine", {"x": Tensor((5,))}, ("z",), nodes, parameters)
    steps = rng.standard_normal((9, 5)).astype(np.float32)
    grids = calibrated(graph, [{"x": steps}]).stated
    small = compress(GraphNetwork(graph, "mine", 10.0, grids), weight_bits=6, codec="zvsv", granularity=granularity)
    groups = {"gate": (1, 4, 4), "channel": (6, 8, 8)}[granularity]
    assert tuple(len(matrix.scales) for matrix in small.matrices.values()) == groups
    save_compressed(small, tmp_path / "m.safetensors")
    found = load_compressed(tmp_path / "m.safetensors")
    outputs = []
    for each in (small, found):
        integers = each.network.integers(each.integer_weights)
        fed = {"x": integers.grids["x"].quantise(steps)}
        outputs.append(Executor(Model.in_integers(integers)).push(fed)["z"])
    assert np.array_equal(*outputs)
    for name, matrix in small.matrices.items():
        assert found.matrices[name].scales == matrix.scales
        error = np.abs(small.decoded[name] * matrix.row_scales[:, None] - parameters[name])
        assert error.max() <= 0.5 * np.abs(parameters[name]).max()
