"""Any graph is a network that can be compressed: its matrices, programs, rates, and what is only looked up."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.chip.build import build_schedules, tile_layout
from azsim.chip.residency import plan_residency
from azsim.compress import compress
from azsim.devices import load_device
from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.conv1d import Conv1d
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.embedding import Embedding
from azsim.nn.operators.lstm import Lstm

RNG = np.random.default_rng(4)
SHAPES = {"rows": (9, 40), "conv": (64, 120), "input": (128, 64), "recurrent": (128, 32), "out": (10, 32)}
NODES = (
    Node("row", Embedding(), ("label",), ("r",), {"weights": "rows"}),
    Node("conv", Conv1d(3, stride=2), ("r",), ("c",), {"weights": "conv"}),
    Node("lstm", Lstm(), ("c",), ("h",), {"input": "input", "recurrent": "recurrent"}),
    Node("out", Dense(), ("h",), ("y",), {"weights": "out"}),
)
PARAMETERS = {name: RNG.normal(0, 1, shape).astype(np.float32) for name, shape in SHAPES.items()}
NETWORK = GraphNetwork(Graph("tagger", {"label": Tensor((), holds="index")}, ("y",), NODES, PARAMETERS), "mine", 50.0)


def test_it_knows_its_matrices_programs_and_rates() -> None:
    assert NETWORK.weight_matrices == tuple(SHAPES)
    assert NETWORK.looked_up == {"rows"}
    assert NETWORK.weights == sum(rows * columns for rows, columns in SHAPES.values())
    assert NETWORK.rates() == {"tagger.0": 50.0, "tagger.1": 25.0}
    assert NETWORK.programs()["tagger.0"].lookup_bytes == 40
    assert repr(NETWORK).startswith("<GraphNetwork name=tagger ")


def test_it_is_compressed_planned_and_scheduled_like_the_recogniser() -> None:
    chip = load_device("az1").chip
    small = compress(NETWORK, codec="zvsv", weight_bits=4, sparsity=0.5, layout=tile_layout(chip))
    assert small.name == "zvsv-4bit-50%"
    zeros = {name: 1 - np.count_nonzero(values) / values.size for name, values in small.decoded.items()}
    assert zeros["rows"] < 0.2
    assert all(zeros[name] == pytest.approx(0.5, abs=0.05) for name in zeros if name != "rows")
    plan = plan_residency(chip, small)
    assert set(plan.modes) == {"conv", "input", "recurrent", "out"}
    schedules = build_schedules(chip, small, {})
    wanted = sum(len(small.matrices[name].encoded.data) for name in plan.modes)
    assert sum(int(each.fetch_bytes.sum()) for each in schedules.values()) == pytest.approx(wanted, rel=0.05)
