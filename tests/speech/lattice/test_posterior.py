"""Posteriors are shares of the paths' probabilities, and edges across any cut sum to 1."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.speech.lattice.lattice import Lattice
from azsim.speech.lattice.paths import best_path
from azsim.speech.lattice.posterior import posteriors, pruned
from tests.speech.lattice.cases import all_paths, graphs


@given(graphs())
def test_an_edge_s_posterior_is_its_paths_share(made: tuple) -> None:
    lattice = Lattice.of_edges("u", *made)
    every = list(all_paths(lattice))
    whole = sum(math.exp(score) for _, score, _ in every)
    found = posteriors(lattice)
    assert found.total == pytest.approx(math.log(whole))
    for edge in range(lattice.edges):
        share = sum(math.exp(score) for _, score, edges in every if edge in edges) / whole
        assert found.edges[edge] == pytest.approx(share, abs=1e-9)


@given(graphs())
def test_edges_across_any_cut_sum_to_one(made: tuple) -> None:
    lattice = Lattice.of_edges("u", *made)
    found = posteriors(lattice)
    for cut in range(lattice.nodes):
        across = (lattice.sources <= cut) & (lattice.targets > cut)
        assert found.edges[across].sum() + found.ends[: cut + 1].sum() == pytest.approx(1)


@given(graphs(), st.floats(0.1, 3))
def test_scales_are_factors_of_the_scores(made: tuple, scale: float) -> None:
    rows, ends = made
    scaled = [(*one[:5], scale * one[5], scale * one[6]) for one in rows]
    other = Lattice.of_edges("u", scaled, {node: (scale * a, scale * b) for node, (a, b) in ends.items()})
    found = posteriors(Lattice.of_edges("u", rows, ends), scale, scale)
    np.testing.assert_allclose(found.edges, posteriors(other).edges, atol=1e-9)


@given(graphs(), st.floats(0, 1))
def test_pruning_keeps_the_best_path_and_what_is_probable(made: tuple, least: float) -> None:
    lattice = Lattice.of_edges("u", *made)
    few = pruned(lattice, least)
    assert best_path(few).words == best_path(lattice).words
    assert best_path(few).score == pytest.approx(best_path(lattice).score)
    assert few.edges <= lattice.edges
    words = {words for words, _, _ in all_paths(lattice)}
    assert {words for words, _, _ in all_paths(few)} <= words
    if least == 0:
        assert few.edges == lattice.edges
