from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from azsim.train.corpus.heldout import sentence_side
from azsim.train.corpus.recordings import SourceRecording
from azsim.train.corpus.wake_streams import OPENING, OTHER, REAL, SAME, SYNTHETIC, People, measured_items, train_items


@pytest.fixture
def people(tmp_path: Path, spoken: np.ndarray) -> People:
    """Three people who say a wake word, three who read, and two who order, one of them twice."""

    def recordings(name: str, speakers: tuple[str, ...], words: str = "") -> tuple[SourceRecording, ...]:
        found = []
        for number, speaker in enumerate(speakers):
            path = tmp_path / f"{name}{number}.wav"
            soundfile.write(path, spoken, 16_000)
            found.append(SourceRecording(path, words, speaker, {"split": "train"}))
        return tuple(found)

    return People(
        recordings("w", ("a", "b", "c")), recordings("r", ("d", "e", "f")), recordings("o", ("x", "x", "y"), "a latte")
    )


def kinds(items: list) -> Counter:
    return Counter((e["split"], e["wake_voice"], e["wake_source"], e["background"] != "none") for e, _ in items)


def test_training_streams(people: People, engines: tuple[str, ...]):
    items = list(train_items(people, 6, 1, 1))
    found = kinds(items)
    assert found["stream-train", SAME, SYNTHETIC, True] == 6
    assert sum(n for (split, *_, loud), n in found.items() if split == "stream-train" and not loud) == 6
    assert (
        found["real-stream-train", SAME, OPENING, True] == 4
    )  # y ordered once: there is no other order to borrow from
    assert found["real-stream-train", OTHER, REAL, False] + found["real-stream-train", SAME, OPENING, False] == 6
    assert len({entry["id"] for entry, _ in items}) == len(items)
    for entry, features in items:
        assert 0 < entry["wake_end_ms"] < entry["speech_start_ms"] < entry["speech_end_ms"] < 10 * len(features)
        assert entry["split"].startswith("real") or sentence_side(entry["text"]) == "train"


def test_measured_streams_hold_every_command_in_every_way(people: People, engines: tuple[str, ...]):
    items = list(measured_items(people, 4, 1, 1))
    levels = Counter(entry["background"] for entry, _ in items)
    assert levels == dict.fromkeys(("none", "10 dB", "5 dB", "0 dB"), 4 * 3 + 2 * 2 + 1)
    commands = Counter((e["split"], e["wake_voice"], e["wake_source"]) for e, _ in items)
    assert commands["stream-dev", SAME, SYNTHETIC] == commands["stream-dev", OTHER, REAL] == 16
    assert commands["real-stream-dev", SAME, OPENING] == 8
    assert commands["real-stream-dev", OTHER, REAL] == 12
    assert all(sentence_side(e["text"]) == "test" for e, _ in items if e["split"] == "stream-dev")
    by_wake: dict[tuple, set[int]] = {}
    for entry, features in items:
        key = (entry["text"], entry["voice"], entry["wake_voice"], entry["wake_source"])
        if entry["split"] == "stream-dev":
            by_wake.setdefault(key, set()).add(len(features))
    assert all(len(lengths) == 1 for lengths in by_wake.values())


def test_several_workers_make_the_same_streams(people: People, engines: tuple[str, ...]):
    one, two = (list(measured_items(people, 4, 1, workers)) for workers in (1, 2))
    for (entry, features), (other, more) in zip(one, two, strict=True):
        assert entry == other
        assert np.array_equal(features, more)
