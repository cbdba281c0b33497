"""A tagger of drawn weights: float beside integers, delays, hypotheses that count together."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.errors import InputError
from azsim.nn.graph.calibrate import calibrated
from azsim.nn.graph.executor import Model
from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.conv1d import Conv1d
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.embedding import Embedding
from azsim.nn.operators.mean_pool import MeanPool
from azsim.nn.operators.relu import Relu
from azsim.nn.operators.reshape import Reshape
from azsim.speech.understanding.interpretation import Interpretation
from azsim.speech.understanding.tag_path import log_softmax
from azsim.speech.understanding.tagger import NOTHING, ROWS, Labels, Tagger, interpret_n_best
from azsim.speech.understanding.word_features import rows_of

LABELS = Labels(("order", "play"), ("O", "B-a", "I-a"))
TABLE, LAYERS = 64, 2
SENTENCES = [text.split() for text in ("give me a mocha", "play jazz", "stop", "a b c d e f g h i j")]


def tagger_graph(seed=0):
    rng = np.random.default_rng(seed)
    shapes = {"table": (TABLE, 8), "tags": (3, 24), "intents": (2, 24), "conv0": (24, 96), "conv1": (24, 72)}
    parameters = {name: rng.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}
    nodes = [
        Node("table", Embedding(), ("rows",), ("table",), {"weights": "table"}),
        Node("word", Reshape((32,)), ("table",), ("word",)),
        Node("conv0", Conv1d(3), ("word",), ("conv0",), {"weights": "conv0"}),
        Node("relu0", Relu(), ("conv0",), ("relu0",)),
        Node("conv1", Conv1d(3), ("relu0",), ("conv1",), {"weights": "conv1"}),
        Node("relu1", Relu(), ("conv1",), ("relu1",)),
        Node("mean", MeanPool(), ("relu1",), ("mean",)),
        Node("tags", Dense(), ("relu1",), ("tags",), {"weights": "tags"}),
        Node("intents", Dense(), ("mean",), ("intents",), {"weights": "intents"}),
    ]
    return Graph("tagger", {"rows": Tensor((4,), holds="index")}, ("tags", "intents"), tuple(nodes), parameters)


@pytest.fixture
def taggers():
    graph = tagger_graph()
    streams = [{ROWS: rows_of(words, TABLE, LAYERS)} for words in SENTENCES]
    integers = calibrated(graph, streams)
    exact = Tagger(Model.in_float(graph), LABELS)
    return exact, Tagger(Model.in_integers(integers), LABELS, integers.grids)


def test_integers_stay_near_the_float_graph(taggers):
    for words in SENTENCES:
        for exact, integer in zip(taggers[0].logits(words), taggers[1].logits(words)):
            assert np.abs(exact - integer).max() < 0.05 * max(1.0, np.abs(exact).max())


def test_a_tag_sees_as_many_words_on_each_side_as_there_are_layers(taggers):
    words = ["w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8"]
    before = taggers[0].logits(words)[0]
    for place in range(len(words)):
        changed = [*words[:place], "another", *words[place + 1 :]]
        moved = np.abs(taggers[0].logits(changed)[0] - before).max(axis=1) > 0
        near = abs(np.arange(len(words)) - place) <= LAYERS
        assert not (moved & ~near).any()
        assert moved[place]


def test_each_word_has_a_tag_and_no_words_ask_for_nothing(taggers):
    tags, intents = taggers[0].logits(SENTENCES[0])
    assert tags.shape == (4, 3)
    assert intents.shape == (2,)
    assert taggers[0].interpret([]) == Interpretation(NOTHING, ())
    assert taggers[0].steps(SENTENCES[0]) == 6


def test_the_probability_is_that_of_tags_and_intent(taggers):
    words = SENTENCES[1]
    found = taggers[0].interpret(words)
    tags, intents = taggers[0].logits(words)
    assert 0 < found.probability <= np.exp(log_softmax(intents).max() + log_softmax(tags).max(axis=1).sum()) + 1e-12


def test_hypotheses_that_mean_the_same_count_together(taggers):
    tagger = taggers[0]
    by_meaning = {}
    for words in ([f"w{i}"] for i in range(40)):
        by_meaning.setdefault(tagger.interpret(words), []).append(words)
    (one, first), (other, second) = sorted(by_meaning.items(), key=lambda each: -len(each[1]))[:2]
    least = min(tagger.interpret(words).probability for words in (*first[:2], second[0]))
    several = [(words, 0.2 * least / tagger.interpret(words).probability) for words in first[:2]]
    alone = [(second[0], 0.3 * least / tagger.interpret(second[0]).probability)]
    assert interpret_n_best(tagger, alone + several) == one
    assert interpret_n_best(tagger, alone + several).probability == pytest.approx(0.4 * least)
    assert interpret_n_best(tagger, alone + several[:1]) == other


def test_bad_hypotheses_and_labels_are_refused(taggers):
    with pytest.raises(InputError, match="no hypothesis"):
        interpret_n_best(taggers[0], [])
    with pytest.raises(InputError, match="must be 0 to 1"):
        interpret_n_best(taggers[0], [(["stop"], 1.5)])
    with pytest.raises(InputError, match="is there twice"):
        Labels(("a", "a"), ("O",))
    with pytest.raises(InputError, match="has no 'B-x'"):
        Labels(("a",), ("O", "I-x"))
