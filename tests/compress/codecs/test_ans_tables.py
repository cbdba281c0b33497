"""Shares, spread and the two tables of `ans`."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.compress.codecs.ans_tables import Tables, normalise, spread


def bits(counts: np.ndarray, shares: np.ndarray) -> float:
    """Of a message with these counts, each value costing log2(states / share)."""
    own = counts > 0
    return float((counts[own] * np.log2(shares.sum() / shares[own])).sum())


def cheapest(counts: np.ndarray, states: int) -> np.ndarray:
    """The cheapest shares: from 1 each, every further state to whom it saves most (the cost is convex)."""
    shares = (counts > 0).astype(np.int64)
    while shares.sum() < states:
        gain = np.where(shares > 0, counts * np.log2((shares + 1) / np.maximum(shares, 1)), -1.0)
        shares[np.argmax(gain)] += 1
    return shares


@settings(max_examples=20, deadline=None)
@given(symbols=st.integers(1, 32), seed=st.integers(0, 1 << 20))
def test_shares_cost_hardly_more_than_the_cheapest(symbols: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = np.zeros(256, np.int64)
    counts[rng.choice(256, symbols, replace=False)] = 1 + (rng.pareto(0.7, symbols) * 10).astype(np.int64)
    least = bits(counts, cheapest(counts, 128))
    assert least <= bits(counts, normalise(counts, 7)) + 1e-6 <= 1.01 * least + 2e-6


def test_shares_that_are_whole_are_exact() -> None:
    counts = np.zeros(256, np.int64)
    counts[[0, 3, 200]] = 700, 200, 100
    assert normalise(16 * counts, 5).tolist() != counts.tolist()
    counts[[0, 3, 200]] = 16, 12, 4
    np.testing.assert_array_equal(normalise(counts, 5), counts)
    np.testing.assert_array_equal(normalise(1000 * counts, 5), counts)


@settings(max_examples=40, deadline=None)
@given(log_states=st.integers(5, 12), symbols=st.integers(1, 32), seed=st.integers(0, 1 << 20))
def test_tables_invert_each_other(log_states: int, symbols: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = np.zeros(256, np.int64)
    counts[rng.choice(256, symbols, replace=False)] = 1 + (rng.pareto(0.5, symbols) * 10).astype(np.int64)
    shares = normalise(counts, log_states)
    assert shares.sum() == 1 << log_states
    assert np.array_equal(shares > 0, counts > 0)
    assert np.array_equal(np.bincount(spread(shares), minlength=256), shares)
    tables = Tables(log_states, shares[None])
    entries, (next_state, offset, widest) = tables.decoder().astype(np.int64), tables.encoder()
    for state, entry in enumerate(entries.tolist()):
        value, bits, base = entry & 255, entry >> 8 & 15, entry >> 16
        for low in (0, (1 << bits) - 1):
            following = (1 << log_states) + base + low
            given_off = widest[0, value] - (following >> widest[0, value] < shares[value])
            assert given_off == bits
            assert next_state[0, offset[0, value] + (following >> bits)] == state


@settings(max_examples=10, deadline=None)
@given(log_states=st.integers(5, 9), symbols=st.integers(1, 20), seed=st.integers(0, 1 << 20))
def test_a_value_costs_about_the_logarithm_of_its_share(log_states: int, symbols: int, seed: int) -> None:
    """Of the states of a value some give off the next smaller number of bits: the mean is within 0.1 bit."""
    rng = np.random.default_rng(seed)
    counts = np.zeros(256, np.int64)
    counts[rng.choice(256, symbols, replace=False)] = rng.integers(1, 1000, symbols)
    shares = normalise(counts, log_states)
    entries = Tables(log_states, shares[None]).decoder().astype(np.int64)
    for value in np.flatnonzero(shares):
        own = entries[(entries & 255) == value]
        covered = (1 << (own >> 8 & 15)).sum()
        assert covered == 1 << log_states  # every next state is reached from exactly one of them
        low, high = (own >> 8 & 15).min(), (own >> 8 & 15).max()
        assert low <= log_states - np.log2(shares[value]) <= high
        assert high - low <= 1
