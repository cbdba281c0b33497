from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from azsim.errors import WorkError
from azsim.resources import shipped_root
from azsim.train.corpus import testset
from azsim.train.corpus.coffee import coffee_grammar
from azsim.train.corpus.heldout import sentence_side
from azsim.train.corpus.plan import TRAIN, PlannedUtterance, Planner
from azsim.train.corpus.scene import NoisePool
from azsim.train.corpus.speaker_domain import speaker_grammar

SHIPPED = shipped_root() / "experiments" / "speech"


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with (SHIPPED / "manifest.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_plan_is_what_was_shipped(rows: list[dict[str, str]]) -> None:
    planned = testset.plan_utterances(1)
    assert [(u.text, u.voice.label) for u in planned] == [(row["transcript"], row["voice"]) for row in rows]


def test_half_is_by_unseen_voices(rows: list[dict[str, str]]) -> None:
    assert Counter(row["unseen_voice"] for row in rows) == {"0": 104, "1": 104}
    ked = [row for row in rows if row["voice"] == "festival:ked_diphone"]
    assert len(ked) == 32
    assert all(row["unseen_voice"] == "1" for row in ked)


def test_sentences_are_held_out_with_trained_words(rows: list[dict[str, str]]) -> None:
    texts = [row["transcript"] for row in rows]
    assert len(set(texts)) == len(texts) >= 200
    assert {sentence_side(text) for text in texts} == {"test"}
    known = speaker_grammar().vocabulary() | coffee_grammar().vocabulary()
    assert known.issuperset(word for text in texts for word in text.split())


def test_files_are_small_and_leave_room_for_the_end_point(rows: list[dict[str, str]]) -> None:
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) <= 10_000_000
    for row in rows:
        about = soundfile.info(SHIPPED / row["file"])
        assert (about.samplerate, about.channels, about.subtype) == (16_000, 1, "PCM_16")
        assert 0.85 <= about.duration - int(row["speech_end_ms"]) / 1000 <= 1.2
        assert 200 <= int(row["speech_start_ms"]) < int(row["speech_end_ms"])


def test_items_become_corpus_splits() -> None:
    entry, features = next(testset.items(SHIPPED))
    assert (entry["split"], entry["source"], entry["speaker"]) == ("test-seen", "synth", "f1")
    assert features.dtype == np.float16


def fake_plan(seed: int) -> list[PlannedUtterance]:
    planner = Planner(seed, TRAIN)
    return [planner.utterance(index) for index in range(3)]


def test_made_all_or_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pool: NoisePool, spoken: np.ndarray
) -> None:
    monkeypatch.setattr(testset, "plan_utterances", fake_plan)
    monkeypatch.setattr(testset, "make_pool", lambda seed: pool)
    monkeypatch.setattr(testset, "speak", lambda requests: [spoken] * len(requests))
    testset.make(tmp_path / "speech", 1)
    assert sorted(path.suffix for path in (tmp_path / "speech").iterdir()) == [".csv", ".flac", ".flac", ".flac", ".md"]
    before = (tmp_path / "speech" / "manifest.csv").read_bytes()
    monkeypatch.setattr(testset, "MAX_TOTAL_BYTES", 100)
    with pytest.raises(WorkError, match="at most 100 may ship"):
        testset.make(tmp_path / "speech", 2)
    assert (tmp_path / "speech" / "manifest.csv").read_bytes() == before
