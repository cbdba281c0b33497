"""Weights of the reranking: fitted smoothly, read back as they were written; those that ship are the best."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from azsim.cloud.language_model import LANGUAGE_MODEL
from azsim.cloud.rescore import WEIGHTS_FILE, RescoringWeights, read_weights
from azsim.nn.sealed import network_file
from experiments.reranking.choose import COUNTED, best, choices, read_choices
from experiments.reranking.fitting import fitted
from experiments.reranking.scores import Candidates, wer_percent
from experiments.studies.cells import write_csv


def candidates(seed: int, truth: tuple[float, float, float]) -> list[Candidates]:
    """Lattices in which the path with the highest score under true weights has no errors."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(60):
        heard, neural, internal = -rng.exponential(2.0, (3, 8)) * np.array([[1.0], [3.0], [3.0]])
        words = rng.integers(3, 9, 8).astype(float)
        domain = np.where(rng.random(8) < 0.5, neural + 1.0, -np.inf)
        score = heard + truth[0] * neural - truth[1] * internal + truth[2] * words
        errors = np.ones(8, int)
        errors[np.argmax(score)] = 0
        made.append(Candidates(heard, neural, domain, internal, words, errors, 0, 5))
    return made


def test_true_weights_are_found_again() -> None:
    truth = (0.6, 0.3, 0.4)
    found = [candidates(seed, truth) for seed in (0, 1)]
    weights = fitted(found, 0.0).weights
    assert (weights.language, weights.internal) == pytest.approx(truth[:2], abs=0.15)
    before, after = ([wer_percent(own, each) for own in found] for each in (RescoringWeights(), weights))
    assert max(after) < 0.3 * min(before)


def test_words_alone_leave_the_models_out() -> None:
    weights = fitted([candidates(0, (0.0, 0.0, 1.0))], 0.0, words_alone=True).weights
    assert (weights.language, weights.internal) == (0.0, 0.0)
    assert weights.word > 0.3


def test_a_share_mixes_whole_sentences() -> None:
    (one, *_) = candidates(2, (0.5, 0.0, 0.0))
    mixed = one.features(0.25)[:, 1]
    expected = np.log(0.25 * np.exp(one.domain) + 0.75 * np.exp(one.neural))
    np.testing.assert_allclose(mixed, expected)
    assert one.features(0.0)[:, 1].tolist() == one.neural.tolist()
    assert np.isfinite(mixed).all()
    assert math.isinf(one.domain.min())


def test_choices_are_read_as_they_were_written(tmp_path: Path) -> None:
    made = choices([candidates(3, (0.4, 0.2, 0.5))])
    assert made[0].models == COUNTED
    write_csv(made, tmp_path / "choices.csv")
    read = read_choices(tmp_path / "choices.csv")
    assert [each.models for each in read] == [each.models for each in made]
    assert [each.weights for each in read] == [each.weights for each in made]
    assert best(made).expected_wer_percent == min(each.expected_wer_percent for each in made)


def test_the_shipped_weights_are_the_best_choice() -> None:
    shipped = read_weights(network_file(LANGUAGE_MODEL).with_name(WEIGHTS_FILE))
    assert shipped == best(read_choices()).weights
