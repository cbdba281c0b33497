"""Rescoring chooses what a plain enumeration of all paths would choose."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.cloud.internal_model import InternalModel
from azsim.cloud.language_model import LanguageModel
from azsim.cloud.rescore import LatticeReranker, NBestReranker, Opinions, RescoringWeights, read_weights
from azsim.errors import InputError
from azsim.speech.lattice.lattice import Lattice
from azsim.speech.lattice.paths import best_path
from tests.cloud.cases import lattice
from tests.cloud.test_language_model import network
from tests.conftest import random_network
from tests.speech.lattice.cases import all_paths, graphs

ALL = 10_000
LANGUAGE, INTERNAL = LanguageModel(network()), InternalModel(random_network())
weights = st.builds(RescoringWeights, st.floats(0, 2), st.floats(0, 1), st.floats(-2, 2))


def opinions() -> Opinions:
    return Opinions(LANGUAGE, INTERNAL)


def internal(words: tuple[str, ...]) -> float:
    total, state = 0.0, INTERNAL.start
    for word in words:
        score, state = INTERNAL.word(state, word)
        total += score
    return total


def score(words: tuple[str, ...], heard: float, chosen: RescoringWeights) -> float:
    said = chosen.language * LANGUAGE.sentence(words) - chosen.internal * internal(words)
    return heard + said + chosen.word * len(words)


@given(graphs(deterministic=True), weights)
@settings(max_examples=25)
def test_without_limits_both_find_the_best_of_all_paths(made: tuple, chosen: RescoringWeights):
    graph = Lattice.of_edges("any", *made)
    every = {words: score(words, heard, chosen) for words, heard, _ in all_paths(graph)}
    most = max(every.values())
    for reranker in (
        NBestReranker(opinions(), chosen, ALL),
        LatticeReranker(opinions(), chosen, beam=ALL, context=ALL),
    ):
        assert every[reranker.best(graph)] == pytest.approx(most, abs=1e-6)


@given(graphs(deterministic=True))
@settings(max_examples=15)
def test_without_weights_the_words_stay_as_they_were_heard(made: tuple):
    graph = Lattice.of_edges("any", *made)
    own = best_path(graph).score
    scores = {words: heard for words, heard, _ in all_paths(graph)}
    for reranker in (NBestReranker(opinions(), RescoringWeights()), LatticeReranker(opinions(), RescoringWeights())):
        assert scores[reranker.best(graph)] == pytest.approx(own)


@given(graphs(deterministic=True), weights, st.integers(1, 4), st.integers(1, 3))
@settings(max_examples=15)
def test_with_limits_the_words_are_a_path_and_not_better_than_the_best(
    made: tuple, chosen: RescoringWeights, beam: int, context: int
):
    graph = Lattice.of_edges("any", *made)
    every = {words: score(words, heard, chosen) for words, heard, _ in all_paths(graph)}
    found = LatticeReranker(opinions(), chosen, beam, context).best(graph)
    assert every[found] <= max(every.values()) + 1e-6


def test_parts_of_a_path_add_up():
    chosen = RescoringWeights(0.7, 0.3, 0.5)
    for one in NBestReranker(opinions(), chosen).scored(lattice()):
        assert one.score(chosen) == pytest.approx(score(one.words, one.heard, chosen), abs=1e-6)


def test_silence_stays_silence():
    silence = Lattice.of_edges("silence", [], {0: (0.0, 0.0)})
    for kind in (NBestReranker, LatticeReranker):
        assert kind(opinions(), RescoringWeights(1.0)).best(silence) == ()


def test_weights_are_read_from_a_file_or_refused(tmp_path: Path):
    path = tmp_path / "rescoring.toml"
    path.write_text("language = 0.5\nword = -1.0\n")
    assert read_weights(path) == RescoringWeights(0.5, 0.0, -1.0)
    path.write_text("language = 50.0\n")
    with pytest.raises(InputError, match=r"rescoring.toml.*language"):
        read_weights(path)
    with pytest.raises(InputError, match="must be at least 1"):
        LatticeReranker(opinions(), RescoringWeights(), beam=0)
