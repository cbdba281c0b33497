"""The best path against a search of all sequences."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from azsim.speech.understanding.interpretation import OUTSIDE, follows
from azsim.speech.understanding.tag_path import allowed_pairs, best_path, log_softmax

TAGS = ("O", "B-a", "I-a", "B-b", "I-b")


def every_path(words):
    for path in product(TAGS, repeat=words):
        if all(follows(before, tag) for before, tag in zip((OUTSIDE, *path), path)):
            yield path


@pytest.mark.parametrize("seed", range(20))
def test_no_allowed_sequence_scores_higher(seed):
    rng = np.random.default_rng(seed)
    scores = log_softmax(3 * rng.normal(size=(int(rng.integers(1, 6)), len(TAGS))))
    path, total = best_path(scores, TAGS, allowed_pairs(TAGS))

    def worth(tags):
        return sum(scores[word, TAGS.index(tag)] for word, tag in enumerate(tags))

    best = max(every_path(len(scores)), key=worth)
    assert total == pytest.approx(worth(best))
    assert worth(path) == pytest.approx(total)
    assert path in set(every_path(len(scores)))


def test_no_words_have_an_empty_path():
    assert best_path(np.zeros((0, 5)), TAGS, allowed_pairs(TAGS)) == ((), 0.0)


def test_shares_of_a_softmax_sum_to_one():
    values = np.random.default_rng(1).normal(size=(7, 9)) * 50
    assert np.exp(log_softmax(values)).sum(axis=-1) == pytest.approx(np.ones(7))
