"""Uniform steps and least-squares palettes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from azsim.compress.quantise import lloyd_max, uniform
from azsim.errors import InputError


def weights(seed: int = 0, shape: tuple[int, int] = (64, 200)) -> np.ndarray:
    return np.random.default_rng(seed).laplace(size=shape).astype(np.float32)


def error(source: np.ndarray, quantised: tuple[np.ndarray, float]) -> float:
    values, scale = quantised
    return float(np.mean((source - values.astype(np.float64) * scale) ** 2))


@pytest.mark.parametrize("bits", range(2, 9))
def test_uniform_values_fit_their_bits(bits: int) -> None:
    source = weights()
    for clip in ("least-squares", "max"):
        values, scale = uniform(source, bits, clip)
        assert values.dtype == np.int8
        assert np.abs(values.astype(int)).max() <= (1 << (bits - 1)) - 1
        inside = np.abs(source) <= scale * ((1 << (bits - 1)) - 1)
        assert np.abs(source - values * scale)[inside].max() <= scale * 0.501


@pytest.mark.parametrize("bits", range(2, 9))
def test_clipping_by_least_squares_never_loses_more(bits: int) -> None:
    assert error(weights(), uniform(weights(), bits)) <= 1.01 * error(weights(), uniform(weights(), bits, "max"))


@pytest.mark.parametrize("zero", ["free", "kept", "extra"])
def test_palette_error_falls_with_bits(zero: str) -> None:
    errors = [error(weights(), lloyd_max(weights(), bits, zero)) for bits in range(1, 9)]
    assert all(later <= earlier for earlier, later in itertools.pairwise(errors))


@pytest.mark.parametrize("bits", [1, 2, 3, 5, 7])
def test_palettes_hold_what_was_asked(bits: int) -> None:
    source = weights()
    source[:, ::2] = 0
    for zero, nonzero in (("free", 1 << bits), ("kept", (1 << bits) - 1), ("extra", 1 << bits)):
        values, scale = lloyd_max(source, bits, zero)
        distinct = np.unique(values)
        assert np.count_nonzero(distinct) <= nonzero
        if zero != "free":
            assert (values[source == 0] == 0).all()
        assert scale == pytest.approx(np.abs(source).max() / 127)


def test_a_palette_beats_uniform_steps() -> None:
    for bits in (2, 3, 4, 5):
        assert error(weights(), lloyd_max(weights(), bits)) < error(weights(), uniform(weights(), bits))


def test_the_palette_is_the_best_of_all_on_the_grid() -> None:
    source = np.random.default_rng(2).choice([-127.0, -90, -40, 3, 20, 64, 127], size=(8, 40)).astype(np.float32)
    values, scale = lloyd_max(source, 1)
    grid, counts = np.unique(source / np.float32(127) * 127, return_counts=True)
    loss = (grid - np.arange(-127, 128)[:, None]) ** 2
    best = (np.minimum(loss[:, None], loss[None, :]) * counts).sum(axis=-1).min() / source.size
    assert error(source, (values, scale)) / scale**2 == pytest.approx(best, rel=0.02)


def test_each_weight_takes_its_nearest_entry() -> None:
    source = weights()
    values, scale = lloyd_max(source, 4)
    entries = np.unique(values).astype(np.float64) * scale
    nearest = np.abs(source[..., None] - entries).min(axis=-1)
    np.testing.assert_allclose(np.abs(source - values * scale), nearest, atol=scale * 1e-3)


def test_the_same_weights_give_the_same_values() -> None:
    one, two = lloyd_max(weights(), 5), lloyd_max(weights(), 5)
    assert one[1] == two[1]
    np.testing.assert_array_equal(one[0], two[0])


def test_nothing_but_zeros() -> None:
    for quantised in (uniform(np.zeros((3, 4), np.float32), 4), lloyd_max(np.zeros((3, 4), np.float32), 4)):
        assert not quantised[0].any()
        assert quantised[1] == 1.0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(bad: float) -> None:
    source = weights()
    source[3, 4] = bad
    for quantise in (uniform, lloyd_max):
        with pytest.raises(InputError, match="not finite"):
            quantise(source, 5)


def test_one_bit_leaves_uniform_values_nothing() -> None:
    with pytest.raises(InputError, match="2 to 8 bits"):
        uniform(weights(), 1)
