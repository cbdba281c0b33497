from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import soundfile

from azsim.train.corpus.heldout import UNSEEN_ESPEAK_VARIANTS, UNSEEN_SPEAKERS, speaker_side
from azsim.train.corpus.wake_words import (
    NEAR,
    NEAR_TEST,
    NEAR_WORDS,
    NEAR_WORDS_TEST,
    OTHER,
    OTHER_TEST,
    SYNTHETIC_TEST,
    WAKE_WORD,
    WORD,
    WORD_TEST,
    recorded_items,
    synthetic_items,
)


def test_words_of_people_stand_on_the_side_of_their_voice(tmp_path: Path, spoken: np.ndarray) -> None:
    groups = [f"a{number:02d}" for number in range(12)]
    rows = [("alexa", f"{number}", group) for number, group in enumerate(groups)]
    rows += [("computer", "c", ""), ("jarvis", "j", "")]
    folder = tmp_path / "wakeword"
    folder.mkdir()
    for word, name, _ in rows:
        soundfile.write(folder / f"{word}{name}.wav", spoken, 16_000)
    with (folder / "manifest.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("file", "word"), *((f"{word}{name}.wav", word) for word, name, _ in rows)])
    with (folder / "alexa_groups.csv").open("w", newline="") as stream:
        listed = [(f"alexa{name}.wav", group) for word, name, group in rows if group]
        csv.writer(stream).writerows([("file", "group"), *listed])
    items = list(recorded_items(tmp_path))
    sides = Counter(entry["split"] for entry, _ in items)
    held = sum(speaker_side(f"alexa-{group}") == "test" for group in groups)
    assert sides == {WORD: 12 - held, WORD_TEST: held, OTHER: 1, OTHER_TEST: 1}
    assert 0 < held < 12
    assert len({entry["id"] for entry, _ in items}) == len(rows)
    for entry, features in items:
        assert 0 <= entry["speech_start_ms"] < entry["speech_end_ms"] <= 10 * len(features) + 30


def test_synthesis_says_the_word_and_others_and_keeps_voices_apart(engines: tuple[str, ...]) -> None:
    items = list(synthetic_items(1, 1, 1, 1, 1))
    assert Counter(entry["split"] for entry, _ in items) == {WORD: 1, NEAR: 1, SYNTHETIC_TEST: 1, NEAR_TEST: 1}
    unseen = {*UNSEEN_SPEAKERS, *UNSEEN_ESPEAK_VARIANTS}
    for entry, features in items:
        assert (entry["speaker"] in unseen) == entry["split"].endswith("test")
        assert (entry["text"] == WAKE_WORD) == (entry["split"] in (WORD, SYNTHETIC_TEST))
        assert 0 < entry["speech_start_ms"] < entry["speech_end_ms"] < 10 * len(features) + 30


def test_no_word_that_is_measured_is_learned() -> None:
    assert not {*NEAR_WORDS} & {*NEAR_WORDS_TEST}
    assert WAKE_WORD not in {*NEAR_WORDS, *NEAR_WORDS_TEST}
