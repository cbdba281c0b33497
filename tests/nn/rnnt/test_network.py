"""What a network says of itself, against its parameters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest


@pytest.mark.parametrize(
    ("shape", "layers", "every"),
    [
        ({"hidden": (6, 5, 4), "predictor": (3,)}, (3, 1), 2),
        ({"hidden": (6,), "predictor": (5, 4), "time_reduction_after": -1}, (1, 2), 1),
        ({"hidden": (4,) * 11, "predictor": (4,), "time_reduction_after": 10}, (11, 1), 2),
    ],
)
def test_layers_weights_and_steps(make_network, shape: dict, layers: tuple[int, int], every: int) -> None:
    network = make_network(1, **shape)
    assert (network.layers("encoder"), network.layers("prediction")) == layers
    assert network.encoder_layers == layers[0]
    assert network.steps_per_output == every
    vectors = ("bias", "mean", "inv_std", "output_bias")
    assert not any(name.endswith(vectors) for name in network.weight_matrices)
    assert len(network.weight_matrices) == 2 * sum(layers) + 4
    rest = sum(value.size for name, value in network.parameters.items() if name.endswith(vectors))
    assert network.weights + rest == sum(value.size for value in network.parameters.values())
    assert network.fp32_bytes == sum(value.astype(np.float32).nbytes for value in network.parameters.values())


def test_a_reduction_that_is_not_used_joins_nothing(tiny_network) -> None:
    assert replace(tiny_network, time_reduction_after=-1, time_reduction=4).steps_per_output == 1
    assert replace(tiny_network, time_reduction_after=0, time_reduction=4).steps_per_output == 4


def test_layers_that_read_backwards_are_no_layers_of_their_own(tiny_network) -> None:
    assert not tiny_network.is_bidirectional
    back = {f"encoder.{i}.reverse.{part}": np.zeros((2, 2)) for i in range(3) for part in ("input", "recurrent")}
    both = replace(tiny_network, parameters={**tiny_network.parameters, **back})
    assert both.is_bidirectional
    assert both.encoder_layers == 3
    assert len(both.weight_matrices) == len(tiny_network.weight_matrices) + 6


def test_programs_use_matrices_that_are_there(make_network) -> None:
    network = make_network(2, hidden=(5, 6), predictor=(4, 3))
    used = {matrix for program in network.programs().values() for matrix in program.matrices}
    assert used == set(network.weight_matrices) - {"prediction.embedding"}
    for program in network.programs().values():
        for stage in program.stages:
            rows = {network.parameters[use.matrix].shape[0] for use in stage.uses}
            assert len(rows) == 1, stage.name  # their products are added up
