"""Encoders of drawn weights: of one size, causal in chunks, their tables say what they measured."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.nn.graph.run import run_float
from experiments.architectures.__main__ import measured, page
from experiments.architectures.graphs import INPUTS, conformer, emformer, lstm


def test_they_are_of_one_size() -> None:
    sizes = [sum(graph.parameters[name].size for name in graph.weight_matrices)
             for graph in (lstm(4), emformer(4, 32), conformer(4, 32))]  # fmt: skip
    assert max(sizes) < 1.1 * min(sizes)


@pytest.mark.parametrize("make", [emformer, conformer])
def test_a_chunk_sees_nothing_of_later_ones(make) -> None:
    graph = make(4, 8, layers=1)
    steps = np.random.default_rng(0).normal(0, 1, (4, 4, INPUTS)).astype(np.float32)
    changed = steps.copy()
    changed[3] += 1
    one, other = (run_float(graph, {"x": each})["y"] for each in (steps, changed))
    assert np.array_equal(one[:3], other[:3])
    assert not np.allclose(one[3], other[3])


def test_longer_chunks_fetch_less() -> None:
    graphs = {chunk: emformer(chunk, 8, layers=1) for chunk in (1, 4)}
    rows = [measured(graph, "az1", chunk) for chunk, graph in graphs.items()]
    assert rows[1].weight_mb < 0.5 * rows[0].weight_mb
    assert rows[0].weight_mproducts == pytest.approx(rows[1].weight_mproducts)
    assert all(sum(row.shares.values()) == pytest.approx(1) for row in rows)
    assert page(rows).count("| emformer |") == 2
