"""The measures of the report on lattices."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.lattice.calibration import Sure, bins, ece_percent, fitted, right_words
from experiments.lattice.material import opus_bytes


def test_a_word_is_right_where_it_has_an_equal_counterpart():
    heard = ["turn", "off", "the", "lights", "please"]
    assert right_words("turn on the lights", heard) == [True, False, True, True, False]
    assert right_words("", ["noise"]) == [False]
    assert right_words("lights", []) == []


def test_a_temperature_is_found_again():
    rng = np.random.default_rng(0)
    odds = rng.normal(1.0, 1.5, 20_000)
    right = rng.random(odds.size) < 1 / (1 + np.exp(-odds))
    sure = Sure(1 / (1 + np.exp(-2.5 * odds)), right)
    assert fitted(sure) == pytest.approx(2.5, rel=0.08)
    assert ece_percent(sure.at(2.5), right) < 1.5 < ece_percent(sure.at(1.0), right)


def test_bins_hold_every_word():
    confidence, right = np.array([0.05, 0.5, 0.55, 1.0]), np.array([False, True, False, True])
    assert bins(confidence, right) == [(0.05, 0.0, 1), (pytest.approx(0.525), 0.5, 2), (1.0, 1.0, 1)]
    assert ece_percent(confidence, right) == pytest.approx(100 * (0.05 + 2 * 0.025) / 4)


def test_opus_takes_about_the_bytes_of_its_rate():
    sound = (0.2 * np.random.default_rng(0).standard_normal(32_000)).astype(np.float32)
    assert 2_000 < opus_bytes(sound) < 9_000
