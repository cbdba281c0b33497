"""Determinisation leaves every word sequence once, with the score of its best path."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.errors import WorkError
from azsim.speech.lattice.determinise import determinise
from azsim.speech.lattice.lattice import Lattice
from tests.speech.lattice.cases import all_paths, graphs


@given(graphs())
def test_each_word_sequence_has_one_path_of_its_best_score(made: tuple) -> None:
    best: dict[tuple[str, ...], float] = {}
    for words, score, _ in all_paths(Lattice.of_edges("u", *made)):
        best[words] = max(score, best.get(words, -1e9))
    lattice = determinise("u", *made)
    assert lattice.is_deterministic
    found = {words: score for words, score, _ in all_paths(lattice)}
    assert found == pytest.approx(best)


@given(graphs(deterministic=True))
def test_the_two_scores_of_a_path_are_those_of_its_best_path(made: tuple) -> None:
    raw, lattice = Lattice.of_edges("u", *made), determinise("u", *made)
    scales = (0.3, 0.7)
    wanted = {words: sums(raw, edges, scales) for words, _, edges in all_paths(raw)}
    found = {words: sums(lattice, edges, scales) for words, _, edges in all_paths(lattice)}
    assert found == pytest.approx(wanted)


def sums(lattice: Lattice, edges: tuple[int, ...], scales: tuple[float, float]) -> float:
    end = int(lattice.targets[edges[-1]]) if edges else 0
    return sum(lattice.scores(*scales)[edge] for edge in edges) + lattice.finals(*scales)[end]


def test_a_graph_that_grows_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("azsim.speech.lattice.determinise.MOST_SUBSETS", 2)
    rows = [(node, node + 1, "a", 0, 0, -1.0, 0.0) for node in range(5)]
    with pytest.raises(WorkError, match="more than 2 nodes"):
        determinise("u", rows, {5: (0.0, 0.0)})


@given(graphs(), st.sampled_from([1e-9, 1 / 32]))
def test_added_up_each_word_sequence_has_the_score_of_all_its_paths(made: tuple, grid: float) -> None:
    rows, finals = made
    rows = [(*row[:5], row[5] - 2.5, row[6]) for row in rows]  # so that what leaves a node is no more than everything
    total: dict[tuple[str, ...], float] = {}
    for words, score, _ in all_paths(Lattice.of_edges("u", rows, finals)):
        total[words] = float(np.logaddexp(score, total.get(words, -np.inf)))
    lattice = determinise("u", rows, finals, summed=True, grid=grid)
    assert lattice.is_deterministic
    found = {words: score for words, score, _ in all_paths(lattice)}
    assert found == pytest.approx(total, abs=1e-6 if grid < 1e-3 else 0.15)
