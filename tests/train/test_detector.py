"""The network of a detector: of the sizes that were asked for, its logits behind its posteriors, drawn by the seed."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.nn.graph.run import run_float
from azsim.train.detector import DetectorSizes, detector

NAMES = {"frames": "frames", "logits": "logits", "posteriors": "posteriors"}


@pytest.mark.parametrize(("count", "sizes"), [(1, DetectorSizes()), (2, DetectorSizes(dense=8, units=4))])
def test_posteriors_are_the_sigmoid_of_as_many_logits(count: int, sizes: DetectorSizes) -> None:
    graph = detector("net", sizes, np.random.default_rng(1), **NAMES, count=count)
    frames = np.random.default_rng(2).normal(0, 1, (5, 192)).astype(np.float32)
    posteriors = run_float(graph, {"frames": frames})["posteriors"]
    assert posteriors.shape == (5, count)
    assert np.all((posteriors > 0) & (posteriors < 1))
    weights = {name: value.shape for name, value in graph.parameters.items() if value.ndim == 2}
    assert sorted(weights.values()) == sorted(
        [(sizes.dense, 192), (4 * sizes.units, sizes.dense), (4 * sizes.units, sizes.units), (count, sizes.units)]
    )
    again = detector("net", sizes, np.random.default_rng(1), **NAMES, count=count)
    assert all(np.array_equal(value, again.parameters[name]) for name, value in graph.parameters.items())
