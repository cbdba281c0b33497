from __future__ import annotations

import dataclasses

import pytest

from azsim.train.corpus import plan
from azsim.train.corpus.heldout import sentence_side
from azsim.train.corpus.plan import EVALUATION, TRAIN, Planner, Subset
from azsim.train.corpus.speaker_domain import speaker_grammar


def test_an_utterance_depends_on_its_number_alone() -> None:
    forwards, backwards = Planner(1, TRAIN), Planner(1, TRAIN)
    first = [forwards.utterance(index) for index in range(30)]
    second = [backwards.utterance(index) for index in reversed(range(30))][::-1]
    for a, b in zip(first, second, strict=True):
        assert (a.id, a.text, a.voice) == (b.id, b.text, b.voice)
        assert a.rng.random() == b.rng.random()


def test_seeds_differ() -> None:
    texts = [[Planner(seed, TRAIN).utterance(index).text for index in range(10)] for seed in (1, 2)]
    assert texts[0] != texts[1]


def test_training_has_neither_heldout_sentences_nor_voices() -> None:
    planner = Planner(1, TRAIN)
    for index in range(800):
        utterance = planner.utterance(index)
        assert sentence_side(utterance.text) == "train"
        assert not utterance.voice.unseen


@pytest.mark.parametrize("subset", [subset for subset, _ in EVALUATION], ids=lambda subset: subset.name)
def test_evaluation_splits_keep_their_promise(subset: Subset) -> None:
    planner, known = Planner(1, subset), speaker_grammar().vocabulary()
    for index in range(40):
        utterance = planner.utterance(index)
        assert utterance.voice.unseen == subset.unseen_voices
        if subset.oov_names:
            assert not known.issuperset(utterance.text.split())
        else:
            assert sentence_side(utterance.text) == subset.side


def test_word_limit_is_kept_and_impossible_ones_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    short = Planner(1, dataclasses.replace(TRAIN, max_words=4))
    assert all(len(short.utterance(index).text.split()) <= 4 for index in range(20))
    monkeypatch.setattr(plan, "MAX_DRAWS", 50)
    with pytest.raises(ValueError, match="no coffee sentence of at most -1 words"):
        Planner(1, Subset("none", "train", coffee_share=1.0, max_words=-1)).utterance(0)
