"""Greedy search: pieces of any size, and never more than four labels at one output."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from azsim.compress.recipe import compress
from azsim.nn.rnnt.integer_rnnt import Encoder, IntegerModel
from azsim.nn.rnnt.network import SENTENCE_END
from azsim.speech.search.greedy import Greedy
from azsim.speech.search.search import MAX_LABELS_PER_OUTPUT


def test_pieces_and_the_most_labels_per_output(make_network):
    model = IntegerModel.of(compress(make_network(4)))
    steps = np.random.default_rng(0).integers(-127, 128, (60, 192)).astype(np.int8)
    encoded = Encoder(model).push(steps)
    whole, pieces = Greedy(model), Greedy(model)
    whole.advance(encoded)
    for part in np.split(encoded, [1, 2, 2, 11, 25]):
        pieces.advance(part)
    one, other = whole.found(), pieces.found()
    assert (one.labels, one.outputs, one.probabilities) == (other.labels, other.outputs, other.probabilities)
    for name, vectors in one.inputs.items():
        assert np.array_equal(vectors, other.inputs[name])
    assert max(Counter(one.outputs).values()) == MAX_LABELS_PER_OUTPUT
    assert all(0 < p <= 1 for p in one.probabilities)
    assert len(one.inputs["prediction.0.input"]) == len(one.labels) + 1


def test_nothing_is_emitted_after_the_end_of_the_sentence(make_network):
    network = make_network(4)
    steps = np.random.default_rng(0).integers(-127, 128, (60, 192)).astype(np.int8)
    model = IntegerModel.of(compress(network))
    encoded = Encoder(model).push(steps)
    plain = Greedy(model)
    plain.advance(encoded)
    labels = plain.found().labels
    for end in sorted(set(labels)):
        pieces = tuple(SENTENCE_END if label == end else piece for label, piece in enumerate(network.pieces))
        ending = Greedy(IntegerModel.of(compress(replace(network, pieces=pieces))))
        for part in np.split(encoded, [1, 2, 11]):
            ending.advance(part)
        found = ending.found()
        assert found.labels == labels[: labels.index(end)]
        most = MAX_LABELS_PER_OUTPUT
        asked = sum(min(count + 1, most) for count in Counter(found.outputs).values())
        asked += len(encoded) - len(set(found.outputs))
        assert len(found.inputs["joint.output"]) == asked
    assert len(set(labels)) > 1


def test_nothing_heard_is_an_empty_result(tiny_network):
    found = Greedy(IntegerModel.of(compress(tiny_network))).found()
    assert found.labels == ()
    assert len(found.inputs["joint.output"]) == 0
