"""From feature folders to batches."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.errors import InputError
from azsim.train.data import Mix, complete_folders, expected_frames, load_utterances, of_splits, plan_epoch
from azsim.train.tokens import Pieces

PIECES = Pieces(("<blank>", "▁", "a", "b", "c"))
MIX = Mix(augmented=False, real_repeats=3, max_frames=400, batch_frames=1200)


def test_folder_counts_only_with_its_index(tiny_corpus: Path, tmp_path: Path):
    corpus = tmp_path / "corpus"
    shutil.copytree(tiny_corpus, corpus)
    (corpus / "real" / "index.jsonl").rename(corpus / "real" / "index.jsonl.part")
    assert complete_folders(corpus) == ("eval", "noise", "shard-00")


def test_damaged_index_is_named(tiny_corpus: Path, tmp_path: Path):
    corpus = tmp_path / "corpus"
    shutil.copytree(tiny_corpus, corpus)
    index = corpus / "eval" / "index.jsonl"
    index.write_text(index.read_text() + '{"id": "x"}\n')
    with pytest.raises(InputError, match=r"eval/index\.jsonl: line 13"):
        load_utterances(corpus, ["eval"])
    (corpus / "shard-00" / "features.f16").write_bytes(bytes(128))
    with pytest.raises(InputError, match=r"features\.f16 holds 1"):
        load_utterances(corpus, ["shard-00"])


def test_utterances_of_splits_come_in_the_order_of_the_names(tiny_corpus: Path):
    splits = load_utterances(tiny_corpus, complete_folders(tiny_corpus))
    found = of_splits(splits, ("real-train", "nowhere", "train"))
    assert [u.line.id for u in found] == [u.line.id for u in [*splits["real-train"], *splits["train"]]]


def test_plan_holds_everything_once_and_real_recordings_repeated(tiny_corpus: Path):
    splits = load_utterances(tiny_corpus, complete_folders(tiny_corpus))
    plan = plan_epoch(splits["train"], splits["real-train"], MIX, (1, 0))
    ids = [u.line.id for batch in plan for u in batch]
    for utterance in splits["real-train"]:
        assert ids.count(utterance.line.id) == MIX.real_repeats
    assert len(ids) >= len(splits["train"]) + 3 * len(splits["real-train"]) - 1
    for batch in plan:
        assert max(map(expected_frames, batch)) * len(batch) <= MIX.batch_frames
    again = plan_epoch(splits["train"], splits["real-train"], MIX, (1, 0))
    assert ids == [u.line.id for batch in again for u in batch]
    assert ids != [u.line.id for batch in plan_epoch(splits["train"], [], MIX, (1, 1)) for u in batch]
