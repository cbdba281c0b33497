"""Whole-number log-probabilities against float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.speech.search.log_probability import (
    NOTHING,
    UNITS,
    add_probabilities,
    exp_of,
    exp_table,
    log_total,
    probability,
)


@given(st.floats(0, 30))
def test_exp_is_close_everywhere(distance):
    found = exp_of(exp_table(), round(distance * UNITS)) / 2**30
    assert found == pytest.approx(math.exp(-distance), rel=3e-6, abs=3e-9)


@settings(max_examples=50)
@given(seed=st.integers(0, 1000), size=st.integers(1, 500), scale=st.floats(1e-5, 1.0))
def test_a_softmax_of_integers(seed, size, scale):
    logits = np.random.default_rng(seed).integers(-int(20 / scale), int(20 / scale) + 1, size).astype(np.int32)
    best = int(logits.max())
    right = math.log(np.exp((logits.astype(np.float64) - best) * scale).sum())
    assert log_total(exp_table(), logits, best, scale * UNITS) / UNITS == pytest.approx(right, abs=6e-6)


@given(st.floats(-700, 0), st.floats(-700, 0))
def test_sums_of_probabilities(one, other):
    a, b = round(one * UNITS), round(other * UNITS)
    found = add_probabilities(exp_table(), a, b)
    assert found == add_probabilities(exp_table(), b, a) >= max(a, b)
    assert found / UNITS == pytest.approx(float(np.logaddexp(a / UNITS, b / UNITS)), abs=6e-6)


def test_nothing_adds_nothing():
    assert add_probabilities(exp_table(), NOTHING, -5) == -5
    assert add_probabilities(exp_table(), NOTHING, NOTHING) == NOTHING
    assert probability(0) == 1
