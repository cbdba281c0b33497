from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from azsim.train.corpus.manifest import load_manifest
from azsim.train.corpus.real import HELDOUT_SPEAKERS, heldout_speakers, real_items, split_of
from azsim.train.corpus.recordings import SourceRecording


def recordings_of(path: Path) -> list[SourceRecording]:
    train = [SourceRecording(path, f"order {i}", f"s{i % 12}", {"split": "train"}) for i in range(24)]
    return [
        *train,
        SourceRecording(path, "order 0", "d1", {"split": "dev"}),
        SourceRecording(path, "", "d1", {"split": "dev"}),
    ]


def test_splits_share_no_speaker() -> None:
    recordings = recordings_of(Path("x.wav"))
    heldout = heldout_speakers(recordings)
    assert len(heldout) == HELDOUT_SPEAKERS
    assert "d1" not in heldout
    assert Counter(split_of(r, heldout) for r in recordings) == {"real-train": 14, "real-heldout": 10, "real-dev": 2}


def test_few_speakers_are_all_trained_on() -> None:
    assert heldout_speakers([SourceRecording(Path("x"), "a", f"s{i}", {}) for i in range(4)]) == frozenset()


def test_items_skip_the_wordless_and_the_test_sentences(tmp_path: Path, spoken: np.ndarray) -> None:
    soundfile.write(tmp_path / "a.wav", spoken, 16_000)
    recordings = recordings_of(tmp_path / "a.wav")
    heldout = heldout_speakers(recordings)
    trained = next(r for r in recordings if split_of(r, heldout) == "real-train")
    entries = [entry for entry, _ in real_items(recordings, "coffee", {trained.transcript})]
    assert len(entries) == 24
    assert trained.transcript not in {entry["text"] for entry in entries if entry["split"] == "real-train"}
    assert entries[0]["endpoint"] == "estimated"
    assert (entries[0]["speech_start_ms"], entries[0]["speech_end_ms"]) == (300, 800)


def test_recorded_orders_are_split_by_speaker() -> None:
    if "AZSIM_DATA" not in os.environ:
        pytest.skip("AZSIM_DATA names no folder of recordings")
    recordings = list(load_manifest(Path(os.environ["AZSIM_DATA"]) / "barista" / "manifest.csv"))
    heldout = heldout_speakers(recordings)
    counts = Counter(split_of(recording, heldout) for recording in recordings)
    assert counts["real-dev"] == 85
    assert 30 <= counts["real-heldout"] <= 100
