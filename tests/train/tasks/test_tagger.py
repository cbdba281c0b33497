"""The tagger's task: batches hold what the loss reads; it learns."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="trains with PyTorch, the extra `train`")

from azsim.speech.understanding.tagger import INTENTS, ROWS, TAGS  # noqa: E402
from azsim.speech.understanding.word_features import NO_WORD  # noqa: E402
from azsim.train.corpus.tagged import TaggedSentence  # noqa: E402
from azsim.train.graph_recipe import GraphRecipe, make_task  # noqa: E402
from azsim.train.graph_trainer import GraphTrainer  # noqa: E402
from azsim.train.recipe import Schedule  # noqa: E402
from azsim.train.tasks import tagger  # noqa: E402
from azsim.train.tasks.tagger import TaggerData, made_wrong  # noqa: E402


@pytest.fixture
def task(tmp_path, monkeypatch):
    monkeypatch.setattr(tagger, "TRAINING_REQUESTS", 300)
    monkeypatch.setattr(tagger, "MEASURED_REQUESTS", 60)
    recipe = GraphRecipe(
        title="small",
        task="tagger",
        network={"rows": 256, "width": 12, "units": 32, "layers": 1},
        data={"domains": ["coffee"], "batch": 24},
        schedule=Schedule(steps=60, peak_learning_rate=0.02, warm_up_steps=5),
    )
    return recipe, make_task(recipe, "recipe 'small'", tmp_path)


def test_a_batch_holds_a_tag_for_each_word_and_none_behind(task):
    batch = task[1].batch(np.random.default_rng(0))
    lengths, tags, rows = batch.targets["lengths"], batch.targets["tags"], batch.inputs[ROWS]
    assert rows.shape[1] == tags.shape[1] + 1
    for own, length, words in zip(tags, lengths, rows, strict=True):
        assert (own[:length] >= 0).all()
        assert (own[length:] == -1).all()
        assert (words[:length] != NO_WORD).all()
        assert (words[length:] == NO_WORD).all()


def test_padding_behind_a_request_does_not_change_its_loss(task):
    own = task[1]
    from azsim.train.graph_module import GraphModule
    from azsim.train.graph_trainer import as_tensors
    from azsim.train.tasks.task import Batch

    module = GraphModule(own.graph(np.random.default_rng(1)))
    batch = own.batch(np.random.default_rng(0))
    wider = Batch(
        {ROWS: np.pad(batch.inputs[ROWS], ((0, 0), (0, 5), (0, 0)))},
        {**batch.targets, "tags": np.pad(batch.targets["tags"], ((0, 0), (0, 5)), constant_values=-1)},
    )
    losses = [own.loss(module(as_tensors(each)), each).item() for each in (batch, wider)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_words_outside_of_slots_may_be_lost_and_others_become_strange():
    request = TaggedSentence(("play", "me", "jazz"), "play", ("O", "O", "B-genre"))
    lost = made_wrong(request, np.random.default_rng(0), TaggerData(strange_share=0.0, lost_share=1.0))
    assert (lost.words, lost.tags) == (("jazz",), ("B-genre",))
    strange = made_wrong(request, np.random.default_rng(0), TaggerData(strange_share=1.0, lost_share=0.0))
    assert strange.tags == request.tags
    assert not set(strange.words) & set(request.words)
    nothing = TaggedSentence(("stop",), "stop", ("O",))
    assert made_wrong(nothing, np.random.default_rng(0), TaggerData(lost_share=1.0)) == nothing


def test_it_learns_orders_and_the_integers_know_them_too(task, tmp_path):
    finished = GraphTrainer(*task, tmp_path / "run").run()
    assert finished.measured["coffee_intents_percent"] == 100.0
    assert finished.measured["coffee_slots_f1_percent"] > 80
    gap = finished.measured["coffee_slots_f1_percent"] - finished.measured_integer["coffee_slots_f1_percent"]
    assert gap < 5
    assert set(finished.graph.outputs) == {TAGS, INTENTS}
    assert task[1].facts()["intents"] == "orderDrink"
