from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from azsim.train.corpus import build
from azsim.train.corpus.build import Shard, build_train, check_train_side, render_batch
from azsim.train.corpus.plan import TRAIN
from azsim.train.corpus.scene import NoisePool
from azsim.train.corpus.store import read_features, read_index, write_shard


@pytest.fixture
def small_pool(monkeypatch: pytest.MonkeyPatch, pool: NoisePool) -> NoisePool:
    monkeypatch.setattr(build, "make_pool", lambda seed: pool)
    monkeypatch.setattr(build, "BATCH_UTTERANCES", 3)
    return pool


def test_workers_do_not_change_the_corpus(tmp_path: Path, small_pool: NoisePool, engines: tuple[str, ...]) -> None:
    build_train(tmp_path / "one", 4, 2, 1, 1)
    build_train(tmp_path / "two", 8, 1, 1, 2)
    halves = [tmp_path / "one" / f"shard-0{number}" for number in range(2)]
    whole = tmp_path / "two" / "shard-00"
    texts = [entry["text"] for half in halves for entry in read_index(half)]
    assert texts == [entry["text"] for entry in read_index(whole)]
    joined = np.concatenate([read_features(half) for half in halves])
    assert np.array_equal(joined, read_features(whole))


def test_complete_shards_are_left_alone(
    tmp_path: Path, small_pool: NoisePool, engines: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    write_shard(tmp_path / "shard-00", [])
    build_train(tmp_path, 1, 2, 1, 1)
    assert "shard-00: already complete" in capsys.readouterr().out
    assert read_index(tmp_path / "shard-00") == []
    assert len(read_index(tmp_path / "shard-01")) == 1


def test_entries_say_what_the_trainer_needs(pool: NoisePool, engines: tuple[str, ...]) -> None:
    for entry, features in render_batch(Shard(1, TRAIN, 0, 3), pool):
        assert {"id", "split", "text", "voice", "engine", "domain", "source", "speaker"} <= set(entry)
        assert features.dtype == np.float16
        assert 0 < entry["speech_start_ms"] < entry["speech_end_ms"] < len(features) * 10 + 15


def test_heldout_sentence_in_training_is_refused(tmp_path: Path) -> None:
    write_shard(tmp_path, [({"id": "u0", "text": "hang up"}, np.zeros((1, 64)))])
    with pytest.raises(AssertionError, match="held-out sentence in training: 'hang up'"):
        check_train_side(tmp_path)
