"""A beam of 1 is greedy, a beam without limits finds all there is, and limits only take away."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.errors import InputError
from azsim.nn.rnnt.graphs import integer_rnnt_graphs
from azsim.nn.rnnt.integer_rnnt import IntegerModel
from azsim.reference.label_sequences import LabelSequences
from azsim.speech.search.beam import ALL_LABELS, Beam, BeamOptions
from azsim.speech.search.greedy import Greedy
from tests.speech.search.cases import encoded, network

EVERYTHING = BeamOptions(beam=256, width=1000.0, expansions=200, merged_labels=ALL_LABELS)


def searched(search, outputs: np.ndarray, cuts: tuple[int, ...] = ()):
    for part in np.split(outputs, cuts):
        search.advance(part)
    return search.found()


def same(one, other) -> None:
    for name in ("labels", "outputs", "probabilities", "turns"):
        assert getattr(one, name) == getattr(other, name), name
    assert set(one.inputs) == set(other.inputs)
    for name, vectors in one.inputs.items():
        assert np.array_equal(vectors, other.inputs[name]), name


@settings(max_examples=25)
@given(
    seed=st.integers(0, 7),
    steps=st.integers(1, 60),
    end=st.sampled_from([0, 0, 3, 7]),
    merged=st.integers(0, 4),
    predictor=st.sampled_from([(9,), (5, 8)]),
)
def test_a_beam_of_one_is_greedy(seed, steps, end, merged, predictor):
    model = IntegerModel.of(network(seed, end=end, predictor=predictor))
    outputs = encoded(model, seed + steps, steps)
    beam, greedy = Beam(model, BeamOptions(1, merged_labels=merged)), Greedy(model)
    same(searched(beam, outputs), searched(greedy, outputs))
    assert [one.labels for one in beam.hypotheses()] == [one.labels for one in greedy.hypotheses()]


@settings(max_examples=20)
@given(seed=st.integers(0, 7), cuts=st.lists(st.integers(0, 30), max_size=6), merged=st.integers(0, 3))
def test_pieces_of_any_size_give_the_same(seed, cuts, merged):
    model = IntegerModel.of(network(seed))
    outputs = encoded(model, seed, 60)
    options = BeamOptions(5, width=6.0, merged_labels=merged)
    one, other = searched(Beam(model, options), outputs), searched(Beam(model, options), outputs, tuple(sorted(cuts)))
    same(one, other)
    for column in ("sources", "targets", "labels", "outputs", "scores", "posteriors"):
        assert np.array_equal(getattr(one.graph, column), getattr(other.graph, column))
    assert one.graph.ends == other.graph.ends


@pytest.mark.parametrize(
    ("pieces", "steps", "levels", "end"), [(3, 6, 2, 0), (3, 4, 3, 0), (4, 4, 2, 0), (3, 6, 2, 2), (2, 8, 2, 0)]
)
@pytest.mark.parametrize("seed", range(4))
def test_without_limits_it_finds_every_sequence_with_its_probability(seed, pieces, steps, levels, end):
    small = network(seed, pieces, end)
    model = IntegerModel.of(small)
    outputs = encoded(model, seed, steps)
    truth = LabelSequences(
        integer_rnnt_graphs(small), model.logit_scale, outputs, levels, model.sentence_end
    ).all()
    assert len(truth) <= EVERYTHING.beam
    beam = Beam(model, EVERYTHING, levels=levels)
    found = searched(beam, outputs)
    best = max(truth, key=lambda labels: truth[labels][0])
    heard = tuple(label for label in best if label != model.sentence_end)
    rival = sorted((score for score, _ in truth.values()), reverse=True)[:2]
    if len(rival) < 2 or rival[0] - rival[1] > 1e-4:
        assert found.labels == heard
    scores = path_scores(found.graph)
    assert set(scores) == set(truth)
    for labels, score in scores.items():
        assert score == pytest.approx(truth[labels][0], abs=1e-4)


def path_scores(graph) -> dict[tuple[int, ...], float]:
    """Label sequence -> log-probability of its path, where each has one path."""
    at: dict[int, list[tuple[tuple[int, ...], float]]] = {0: [((), 0.0)]}
    for arc in np.argsort(graph.targets, kind="stable"):
        for labels, score in at.get(int(graph.sources[arc]), ()):
            way = (*labels, int(graph.labels[arc])), score + float(graph.scores[arc])
            at.setdefault(int(graph.targets[arc]), []).append(way)
    return {
        labels: score + end for node, end in graph.ends.items() for labels, score in at.get(node, ())
    }


@settings(max_examples=20)
@given(seed=st.integers(0, 7), beam=st.integers(1, 6), merged=st.integers(0, 4), width=st.floats(0.5, 12))
def test_limits_hold_and_probabilities_are_some(seed, beam, merged, width):
    model = IntegerModel.of(network(seed))
    search = Beam(model, BeamOptions(beam, width, merged_labels=merged))
    found = searched(search, encoded(model, seed, 50))
    assert max(turn.joint for turn in found.turns) <= beam
    assert max(turn.prediction for turn in found.turns) <= beam
    assert len(found.inputs["joint.output"]) == sum(turn.joint for turn in found.turns)
    assert len(found.inputs["prediction.0.input"]) == 1 + sum(turn.prediction for turn in found.turns)
    for output in range(25):
        held = search.hypotheses(output)
        assert 1 <= len(held) <= beam
        assert sum(one.probability for one in held) == pytest.approx(1)
        assert all(one.outputs == tuple(sorted(one.outputs)) for one in held)
        assert [one.probability for one in held] == sorted((one.probability for one in held), reverse=True)
        if merged == ALL_LABELS:
            assert len({one.labels for one in held}) == len(held)
        else:
            assert len({one.labels[-merged:] for one in held}) == len(held)
    assert found.labels == search.hypotheses()[0].labels
    graph = found.graph
    assert np.all(graph.sources < graph.targets)
    assert np.all(graph.scores <= 2e-6)


def test_a_label_history_is_computed_once_while_there_is_room():
    model = IntegerModel.of(network(3))
    outputs = encoded(model, 3, 60)
    wide, narrow = (
        Beam(model, BeamOptions(6, width=20.0, merged_labels=ALL_LABELS, states=states)) for states in (2_000, 24)
    )
    one, other = searched(wide, outputs), searched(narrow, outputs)
    assert (one.labels, one.outputs, one.probabilities) == (other.labels, other.outputs, other.probabilities)
    runs = [sum(turn.prediction for turn in found.turns) for found in (one, other)]
    histories: dict[int, tuple[int, ...]] = {0: ()}
    for source, target, label in zip(one.graph.sources, one.graph.targets, one.graph.labels):
        histories[int(target)] = (*histories[int(source)], int(label))
    assert runs[0] == len(set(histories.values())) - 1 < runs[1]


def test_merging_keeps_every_history_in_the_graph():
    """What a merged history was is still there as arcs, so that a graph of few hypotheses holds many sequences."""
    paths = []
    for merged in (ALL_LABELS, 1):
        count = 0
        for seed in range(8):
            model = IntegerModel.of(network(seed))
            found = searched(Beam(model, BeamOptions(3, width=10.0, merged_labels=merged)), encoded(model, seed, 40))
            graph, ways = found.graph, {0: 1}
            for arc in np.argsort(graph.targets, kind="stable"):
                target = int(graph.targets[arc])
                ways[target] = ways.get(target, 0) + ways.get(int(graph.sources[arc]), 0)
            count += sum(ways.get(node, 0) for node in graph.ends)
        paths.append(count)
    assert paths[1] > 2 * paths[0]


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"beam": 0}, "beam = 0: must be a whole number from 1 to 256"),
        ({"beam": 2.5}, "beam = 2.5"),
        ({"width": 0}, "width = 0: must be a number above 0"),
        ({"width": math.nan}, "width = nan"),
        ({"expansions": -1}, "expansions = -1"),
        ({"merged_labels": 17}, "merged_labels = 17"),
        ({"states": 15}, "states = 15: must be 0, or at least 16"),
    ],
)
def test_wrong_options_are_refused(values, what):
    with pytest.raises(InputError, match="^" + what.replace("(", "\\(")):
        BeamOptions(**values)
