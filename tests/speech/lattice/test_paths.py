"""Paths come best first, all of them; the oracle is the nearest of them to what was said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.speech.lattice.lattice import Lattice
from azsim.speech.lattice.paths import best_path, n_best, oracle, paths
from tests.speech.lattice.cases import WORDS, all_paths, graphs


def distance(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """Levenshtein distance, by recursion."""
    if not one or not other:
        return len(one) + len(other)
    if one[0] == other[0]:
        return distance(one[1:], other[1:])
    return 1 + min(distance(one[1:], other), distance(one, other[1:]), distance(one[1:], other[1:]))


@given(graphs())
def test_every_path_comes_once_best_first(made: tuple) -> None:
    lattice = Lattice.of_edges("u", *made)
    found, wanted = list(paths(lattice)), list(all_paths(lattice))
    assert sorted(path.edges for path in found) == sorted(edges for _, _, edges in wanted)
    scores = [path.score for path in found]
    assert scores == pytest.approx(sorted((score for _, score, _ in wanted), reverse=True))
    assert best_path(lattice) == found[0]
    assert n_best(lattice, 3) == found[:3]


@given(graphs(), st.lists(st.sampled_from(WORDS), max_size=5).map(tuple))
def test_the_oracle_is_the_nearest_path(made: tuple, reference: tuple[str, ...]) -> None:
    lattice = Lattice.of_edges("u", *made)
    errors, words = oracle(lattice, reference)
    assert errors == min(distance(words, reference) for words, _, _ in all_paths(lattice))
    assert distance(words, reference) == errors
