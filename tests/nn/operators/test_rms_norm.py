"""RMS normalisation has no mean; `tests.nn.operators.test_layer_norm` compares its integers."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.errors import InputError
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.rms_norm import RmsNorm
from tests.nn.operators.single import float_out, graph_of


def test_the_mean_of_squares_becomes_one() -> None:
    rows = np.random.default_rng(1).normal(3, 2, (5, 16)).astype(np.float32)
    found = float_out(graph_of(RmsNorm(), [Tensor((16,))]), [rows])
    assert np.allclose((found**2).mean(axis=1), 1, atol=1e-4)
    assert np.allclose(found / rows, (found / rows)[:, :1], atol=1e-5)


def test_a_bias_is_none_of_its_parameters() -> None:
    with pytest.raises(InputError, match="parameter 'bias': must be one of gain"):
        graph_of(RmsNorm(), [Tensor((3,))], {"bias": np.zeros(3, np.float32)})
