"""A release on the grid of the one before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.compress import codecs, compress
from azsim.compress.requantise import SLACK, requantise_to, snap
from azsim.errors import InputError
from azsim.nn.rnnt.network import Network


def moved(network: Network, size: float) -> Network:
    rng = np.random.default_rng(3)
    parameters = {
        name: (value + size * rng.standard_normal(value.shape)).astype(np.float32)
        for name, value in network.parameters.items()
    }
    return replace(network, parameters=parameters)


@pytest.mark.parametrize("codec", codecs())
def test_the_same_network_gives_the_same_bitstreams(tiny_network: Network, codec: str) -> None:
    old = compress(tiny_network, weight_bits=8 if codec in ("raw", "bitmap") else 5, codec=codec)
    again = requantise_to(old, tiny_network, name=old.name)
    for name, matrix in old.matrices.items():
        assert again.matrices[name].encoded.data == matrix.encoded.data
        assert again.matrices[name].scales[0] == matrix.scales[0]


def test_what_follows_is_on_the_old_grid_and_nearest_to_the_weights(tiny_network: Network) -> None:
    old = compress(tiny_network, weight_bits=4, codec="palette")
    network = moved(tiny_network, 0.05)
    new = requantise_to(old, network)
    for name, matrix in new.matrices.items():
        grid = np.unique(old.decoded[name]).astype(float)
        assert set(np.unique(new.decoded[name])) <= set(grid)
        target = network.parameters[name] / matrix.scales[0]
        best = np.abs(target[..., None] - grid).min(axis=-1)
        assert (np.abs(new.decoded[name] - target) <= best + SLACK + 1e-4).all()


@pytest.mark.parametrize("codec", ["raw", "zvsv", "ans", "palette"])
def test_weights_that_did_not_change_keep_their_values(make_network, codec: str) -> None:
    network = make_network(3, hidden=(96, 96))
    coarse = {k: np.float32(1 / 64) * np.rint(64 * v) if v.ndim == 2 else v for k, v in network.parameters.items()}
    network = replace(network, parameters=coarse)  # many weights lie right between two values
    old = compress(network, weight_bits=8 if codec == "raw" else 5, codec=codec)
    changed = dict(coarse)
    changed["joint.output"] = -changed["joint.output"]
    new = requantise_to(old, replace(network, parameters=changed))
    for name in old.matrices:
        assert np.array_equal(old.decoded[name], new.decoded[name]) == (name != "joint.output")


def test_tolerance_trades_changes_for_precision(tiny_network: Network) -> None:
    old, network = compress(tiny_network, weight_bits=5, codec="zvsv"), moved(tiny_network, 0.02)
    changes, errors = [], []
    for tolerance in (0.0, 0.3, 0.7, 1.0):
        new = requantise_to(old, network, tolerance=tolerance)
        changes.append(sum(int((new.decoded[k] != old.decoded[k]).sum()) for k in new.decoded))
        errors.append(
            sum(
                float(((new.decoded[k] * m.scales[0] - network.parameters[k]) ** 2).sum())
                for k, m in new.matrices.items()
            )
        )
    assert changes == sorted(changes, reverse=True)
    assert changes[-1] < changes[0]
    assert errors == sorted(errors)


@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_a_weight_never_strays_farther_than_the_tolerance_allows(seed: int, tolerance: float) -> None:
    rng = np.random.default_rng(seed)
    grid = np.unique(rng.integers(-127, 128, rng.integers(2, 20)))
    old = rng.choice(grid, (3, 5)).astype(np.int8)
    wanted = rng.uniform(-140, 140, (3, 5))
    new = snap(wanted, old, grid, tolerance).astype(float)
    nearest = np.abs(wanted[..., None] - grid).min(axis=-1)
    excess = np.abs(wanted - new) - nearest
    allowed = np.maximum(SLACK, tolerance * np.abs(old - _nearest(grid, wanted)))
    assert (excess <= allowed + 1e-9).all()
    assert ((new == old) | (np.abs(excess) < 1e-9)).all()


def _nearest(grid: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    return grid[np.abs(wanted[..., None] - grid).argmin(axis=-1)]


def test_another_shape_or_tolerance_is_refused(tiny_network: Network, make_network) -> None:
    old = compress(tiny_network, weight_bits=5, codec="zvsv")
    with pytest.raises(InputError, match=r"encoder\.2\.input is of shape"):
        requantise_to(old, make_network(8, hidden=(12, 10, 15)))
    with pytest.raises(InputError, match=r"encoder\.2\.input is missing"):
        requantise_to(old, make_network(8, hidden=(12, 10)))
    with pytest.raises(InputError, match="tolerance"):
        requantise_to(old, tiny_network, tolerance=1.5)
