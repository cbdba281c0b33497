"""Word lattices of searches: the words of every label sequence with their whole probability, and the rules of each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.errors import InputError
from azsim.nn.rnnt.graphs import integer_rnnt_graphs
from azsim.nn.rnnt.integer_rnnt import IntegerModel
from azsim.reference.label_sequences import LabelSequences
from azsim.speech.lattice.of_labels import word_lattice
from azsim.speech.lattice.paths import best_path
from azsim.speech.lattice.posterior import posteriors
from azsim.speech.search.beam import ALL_LABELS, Beam, BeamOptions
from azsim.speech.transcript import words_of
from tests.speech.lattice.cases import all_paths
from tests.speech.search.cases import encoded, network


def time_ms(output: int) -> int:
    return 60 * output + 75


def searched(model: IntegerModel, outputs: np.ndarray, options: BeamOptions, levels: int = 4):
    beam = Beam(model, options, levels=levels)
    beam.advance(outputs)
    return beam.found()


def words(labels, pieces) -> tuple[str, ...]:
    return tuple(word.text for word in words_of(labels, [0] * len(labels), [1.0] * len(labels), pieces))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("end", [0, 2])
def test_a_word_sequence_has_the_probability_of_all_its_spellings(seed, end):
    small = network(seed, 4, end)
    model, pieces = IntegerModel.of(small), ("<blank>", "\u2581on", "on", "\u2581o")
    outputs = encoded(model, seed, 4)
    truth: dict[tuple[str, ...], float] = {}
    sequences = LabelSequences(integer_rnnt_graphs(small), model.logit_scale, outputs, 2, model.sentence_end)
    for labels, (score, _) in sequences.all().items():
        said = words([label for label in labels if label != model.sentence_end], pieces)
        truth[said] = float(np.logaddexp(truth.get(said, -np.inf), score))
    everything = BeamOptions(256, 1000.0, 256, ALL_LABELS)
    graph = searched(model, outputs, everything, levels=2).graph
    lattice = word_lattice("u", graph, pieces, time_ms, model.sentence_end, least=0.0)
    found = {said: score for said, score, _ in all_paths(lattice)}
    assert set(found) == set(truth)
    for said, score in found.items():
        assert score == pytest.approx(truth[said], abs=0.05 if score < -8 else 0.02), said


@settings(max_examples=10)
@given(
    seed=st.integers(0, 7),
    beam=st.integers(1, 6),
    merged=st.integers(0, 3),
    end=st.sampled_from([0, 6]),
    steps=st.integers(1, 30),
)
def test_a_lattice_is_deterministic_timed_and_its_cuts_are_whole(seed, beam, merged, end, steps):
    small = network(seed, end=end)
    model, pieces = IntegerModel.of(small), small.network.pieces
    found = searched(model, encoded(model, seed, steps), BeamOptions(beam, 8.0, merged_labels=merged))
    lattice = word_lattice("u", found.graph, pieces, time_ms, model.sentence_end)
    assert lattice.is_deterministic
    assert np.all(lattice.start_ms <= lattice.end_ms)
    shares = posteriors(lattice)
    assert np.all(shares.edges > 0)
    entering = np.zeros(lattice.nodes)
    np.add.at(entering, lattice.targets, shares.edges)
    leaving = shares.ends.copy()
    np.add.at(leaving, lattice.sources, shares.edges)
    assert leaving[0] == pytest.approx(1)
    assert entering[1:] == pytest.approx(leaving[1:])
    if beam == 1 and merged == ALL_LABELS:
        assert best_path(lattice).words == words(found.labels, pieces)
        assert lattice.edges == len(words(found.labels, pieces))


def test_times_are_those_of_the_best_alignment():
    model = IntegerModel.of(network(3))
    pieces = network(3).network.pieces
    found = searched(model, encoded(model, 3, 40), BeamOptions(1, merged_labels=ALL_LABELS))
    lattice = word_lattice("u", found.graph, pieces, time_ms)
    right = words_of(found.labels, [time_ms(output) for output in found.outputs], found.probabilities, pieces)
    spans = list(zip(lattice.words, lattice.start_ms.tolist(), lattice.end_ms.tolist()))
    assert spans == [(word.text, word.start_ms, word.end_ms) for word in right]
    posterior = np.exp(lattice.label)
    assert posterior.tolist() == pytest.approx([word.label_posterior for word in right], rel=1e-5)


def test_silence_is_a_lattice_without_words():
    model = IntegerModel.of(network(3))
    found = searched(model, encoded(model, 3, 0), BeamOptions(4))
    lattice = word_lattice("u", found.graph, network(3).network.pieces, time_ms)
    assert (lattice.nodes, lattice.edges, best_path(lattice).words) == (1, 0, ())


def test_a_mark_inside_a_piece_is_refused():
    model = IntegerModel.of(network(3))
    found = searched(model, encoded(model, 3, 4), BeamOptions(2))
    with pytest.raises(InputError, match="'a\u2581b': the mark of a word's start"):
        word_lattice("u", found.graph, ("<blank>", "a\u2581b"), time_ms)
