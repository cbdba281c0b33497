"""Words after words: shared beginnings, probabilities that sum to one, and what is no language model."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from azsim.cloud.language_model import LanguageModel
from azsim.errors import InputError
from azsim.nn.graph.executor import Executor, Model
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.stored import save_graph
from azsim.nn.graph.tensor import Tensor
from azsim.nn.rnnt.pieces import Pieces
from azsim.train.layers import Layers

PIECES = ("<blank>", "\u2581t", "on", "li", "\u2581on", "\u2581", *"turnolighs")


def network(seed: int = 0) -> GraphNetwork:
    layers = Layers("small", {"piece": Tensor((), holds="index")}, np.random.default_rng(seed))
    hidden = layers.lstm("lstm", layers.embedding("embedding", "piece", len(PIECES), 6), 7)
    graph = layers.graph([layers.dense("logit", hidden, len(PIECES))])
    graph = replace(graph, parameters={name: 3 * value for name, value in graph.parameters.items()})
    return GraphNetwork(graph, "small", 5.0, card={"pieces": " ".join(PIECES)})


def labels_of(text: str) -> list[int]:
    return Pieces(PIECES).encode(text)


def by_hand(labels: list[int]) -> float:
    """Log-probability of the pieces and the end, the network run over all of them at once."""
    graph = network().graph
    logits = Executor(Model.in_float(graph)).push({"piece": np.array([0, *labels])})["logit"].astype(np.float64)
    shares = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return float(sum(shares[place, label] for place, label in enumerate([*labels, 0])))


@pytest.mark.parametrize("text", ["", "turn", "turn on lights"])
def test_a_sentence_is_as_probable_as_its_pieces(text: str):
    model = LanguageModel(network())
    assert len(labels_of(text)) >= len(text.split())
    assert model.sentence(text.split()) == pytest.approx(by_hand(labels_of(text)), abs=1e-5)


def test_a_state_may_be_gone_back_to_in_any_order():
    model = LanguageModel(network())
    first, after = model.word(model.start, "turn")
    on, lights = model.word(after, "on"), model.word(after, "lights")
    assert (model.word(after, "on")[0], model.word(after, "lights")[0]) == (on[0], lights[0])
    assert first + lights[0] + model.end(lights[1]) == pytest.approx(by_hand(labels_of("turn lights")), abs=1e-5)


def test_what_may_follow_sums_to_one():
    model = LanguageModel(network())
    state = model.word(model.start, "turn")[1]
    assert np.exp(state.following).sum() == pytest.approx(1)
    every = [by_hand(list(pieces)) for size in range(3) for pieces in product(range(1, len(PIECES)), repeat=size)]
    assert 0 < sum(map(math.exp, every)) < 1


def test_a_word_that_no_piece_spells_is_improbable():
    model = LanguageModel(network())
    score, state = model.word(model.start, "123")
    assert score == -20
    assert state is model.start


def test_a_stored_one_says_the_same(tmp_path: Path):
    save_graph(network(), tmp_path / "model.safetensors", {"pieces": " ".join(PIECES)})
    stored = LanguageModel.load(str(tmp_path / "model.safetensors"))
    assert stored.sentence(["turn", "on"]) == LanguageModel(network()).sentence(["turn", "on"])


def test_what_is_no_language_model_is_refused():
    with pytest.raises(InputError, match="its card must name its pieces"):
        LanguageModel(replace(network(), card={}))
    with pytest.raises(InputError, match="a logit for each of its pieces"):
        LanguageModel(replace(network(), card={"pieces": " ".join(PIECES[:-1])}))
    with pytest.raises(InputError, match="a language model is needed"):
        LanguageModel.load("rnnt-small-3bit-50")


def test_the_shipped_one_knows_what_is_said():
    model = LanguageModel.load()
    assert model.sentence(["turn", "on", "the", "lights"]) > model.sentence(["burn", "on", "the", "lights"])
    assert model.sentence(["can", "i", "have", "a", "latte"]) > model.sentence(["can", "i", "have", "a", "ladder"])
