"""Sentences to learn from: on the training side, their ends marked, and none of a person who is held out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="trains with PyTorch, the extra `train`")

from azsim.errors import InputError  # noqa: E402
from azsim.speech.endpointing.sentence_end import ALPHABET, LETTERS  # noqa: E402
from azsim.train.corpus.heldout import sentence_side  # noqa: E402
from azsim.train.tasks.sentence_end import SentenceEndData, SentenceEndSizes, SentenceEndTask  # noqa: E402


def made(data: SentenceEndData) -> SentenceEndTask:
    return SentenceEndTask(SentenceEndSizes(embedding=4, units=8), data, Path())


def test_ends_are_marked_and_sentences_stand_on_the_training_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZSIM_DATA", raising=False)
    batch = made(SentenceEndData(sentences=20, people_share=0, text_share=0, lost_share=0)).batch(
        np.random.default_rng(3)
    )
    for letters, ends in zip(batch.inputs[LETTERS], batch.targets["ends"], strict=True):
        length = int((ends >= 0).sum())
        assert np.flatnonzero(ends == 1).tolist() == [length - 1]
        assert sentence_side("".join(ALPHABET[each] for each in letters[:length]).strip()) == "train"


def test_people_of_the_training_split_alone_are_learned_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "barista").mkdir()
    splits = zip("abcdef", ["train", "dev"] * 3, strict=True)
    rows = [f"{name}.flac,{name},{split},order {name}" for name, split in splits]
    (tmp_path / "barista" / "manifest.csv").write_text("\n".join(["file,speaker,split,transcript", *rows]))
    for name in "abcdef":
        (tmp_path / "barista" / f"{name}.flac").touch()
    monkeypatch.setenv("AZSIM_DATA", str(tmp_path))
    people = made(SentenceEndData(people_share=1.0, text_share=0.0))._people
    assert set(people) <= {"order a", "order c", "order e"}
    assert people
    with pytest.raises(InputError, match=r"holds no text/slurp_lm\.txt"):
        made(SentenceEndData(text_share=1.0, people_share=0)).batch(np.random.default_rng(0))
