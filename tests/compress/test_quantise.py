"""Uniform steps and least-squares palettes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

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


ROUND = np.array([[1.0, -0.4, 0.03, 0.0], [0.9, -1.0, 0.2, -0.7]], np.float32)


@pytest.mark.parametrize("quantiser", [uniform, lloyd_max])
@pytest.mark.parametrize("bits", [2, 5, 8])
def test_a_power_of_two_changes_the_scale_alone(quantiser: Callable[..., tuple[np.ndarray, float]], bits: int) -> None:
    for source in (weights(), ROUND):
        values, scale = quantiser(source, bits)
        least, most = -126 - int(np.frexp(np.abs(source[source != 0]).min())[1]), 127 - int(np.frexp(source.max())[1])
        for exponent in (least, -100, -30, -1, 1, 30, 100, most):
            found, other = quantiser(np.ldexp(source, exponent), bits)
            np.testing.assert_array_equal(found, values)
            assert other == math.ldexp(scale, exponent)


@pytest.mark.parametrize("quantiser", [uniform, lloyd_max])
@pytest.mark.parametrize("bits", [2, 5, 8])
def test_weights_as_small_as_they_can_be(quantiser: Callable[..., tuple[np.ndarray, float]], bits: int) -> None:
    """Below 2^-126 float32 keeps fewer digits, and below 2^-149 nothing; no index may leave the histogram."""
    smallest = float(np.finfo(np.float32).smallest_subnormal)
    steps = np.arange(-7, 8, dtype=np.float32)
    for source in (steps * np.float32(smallest), steps * np.float32(1e-40), steps * np.float32(6e-37)):
        values, scale = quantiser(source, bits)
        expected, _ = quantiser(np.rint(source.astype(np.float64) / smallest).astype(np.float32), bits)
        np.testing.assert_array_equal(values, expected)
        exact = source.astype(np.float64)
        assert np.abs(values * scale - exact).max() <= np.abs(exact).max() * 2.0 ** (1 - bits)


@pytest.mark.parametrize("quantiser", [uniform, lloyd_max])
@pytest.mark.parametrize("value", [1.0, -0.3, 1e-45, -6e-37, 3.4e38])
def test_a_matrix_of_one_value_keeps_it(quantiser: Callable[..., tuple[np.ndarray, float]], value: float) -> None:
    source = np.full((3, 5), value, np.float32)
    for bits in (2, 4, 8):
        values, scale = quantiser(source, bits)
        assert (values == values[0, 0]).all()
        np.testing.assert_allclose(values * scale, source.astype(np.float64), rtol=1e-3)


@pytest.mark.parametrize("quantiser", [uniform, lloyd_max])
def test_what_float32_cannot_hold_is_refused(quantiser: Callable[..., tuple[np.ndarray, float]]) -> None:
    for wrong in (np.array([1.0, np.nan]), np.array([1.0, np.inf]), np.array([1e300, 1.0])):
        with pytest.raises(InputError, match="not finite"):
            quantiser(wrong, 4)
    with pytest.raises(InputError, match="no weights"):
        quantiser(np.zeros((0, 4), np.float32), 4)


@given(
    hnp.arrays(np.float32, st.integers(1, 60), elements=st.floats(width=32, allow_nan=False, allow_infinity=False)),
    st.sampled_from([1, 2, 3, 8]),
    st.sampled_from(["free", "kept", "extra"]),
)
@settings(max_examples=150, deadline=None)
def test_any_finite_weights_are_quantised(source: np.ndarray, bits: int, zero: str) -> None:
    values, scale = lloyd_max(source, bits, zero)
    assert np.isfinite(scale)
    assert scale > 0
    largest = float(np.abs(source).max())
    assert np.abs(values * scale).max() <= largest * (1 + 1e-6)
    if zero != "free":
        assert (values[source == 0] == 0).all()
    if bits == 8:
        assert np.abs(values * scale - source.astype(np.float64)).max() <= 0.51 * largest / 127 + 1e-300
