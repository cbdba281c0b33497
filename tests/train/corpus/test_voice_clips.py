"""Who is heard for the device's own embedding, and that what the teacher says stands in the same order."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from azsim.speech.features import SAMPLE_RATE_HZ
from azsim.train.corpus.heldout import speaker_side
from azsim.train.corpus.voice_clips import CHANGED, ORDER, READ, WAKE, items, people, speech_alone, write_teacher
from tests.train.corpus.people import lay_out


def test_only_people_of_the_training_sides_are_heard(tmp_path: Path, spoken: np.ndarray) -> None:
    found = [(split, each.speaker) for split, each in people(lay_out(tmp_path, spoken))]
    word = [(WAKE, "alexa-a03")] if speaker_side("alexa-a03") == "train" else []
    assert found == [(ORDER, "ann"), (READ, "ria"), *word]


def test_each_recording_comes_as_it_is_and_as_another_voice(tmp_path: Path, spoken: np.ndarray) -> None:
    heard: list[np.ndarray] = []
    teacher = lambda sound: np.array([len(sound), np.abs(sound).max()])  # noqa: E731
    made = list(items(lay_out(tmp_path, spoken), ["turn it on"], 0, 1, teacher, heard))
    assert len(heard) == len(made)
    speakers = [str(entry["speaker"]) for entry, _ in made]
    assert speakers[0] == "ann"
    name, _, factor = speakers[1].partition("@")
    assert name == "ann"
    assert float(factor) in CHANGED
    assert np.isclose(heard[1][0], heard[0][0] / float(factor), rtol=0.01)
    assert all(features.dtype == np.float16 and features.shape[1] == 64 for _, features in made)
    assert len({entry["id"] for entry, _ in made}) == len(made)


def test_a_synthetic_voice_says_several(tmp_path: Path, spoken: np.ndarray, engines: tuple[str, ...]) -> None:
    heard: list[np.ndarray] = []
    made = list(items(lay_out(tmp_path, spoken), ["stop"], 1, 1, lambda sound: np.ones(2), heard))
    own = [entry["speaker"] for entry, _ in made if entry["source"] == "synth"]
    assert len(own) == 3
    assert len(set(own)) == 1


def test_pauses_and_the_room_are_cut_away(spoken: np.ndarray) -> None:
    quiet = np.zeros(SAMPLE_RATE_HZ, np.float32)
    padded = np.concatenate([quiet, spoken, quiet])
    assert len(speech_alone(padded)) < len(spoken) + 0.3 * SAMPLE_RATE_HZ
    assert len(speech_alone(np.zeros(10, np.float32))) == 10


def test_what_the_teacher_says_is_kept_as_it_came(tmp_path: Path) -> None:
    write_teacher(tmp_path, [np.array([0.5, 0.25]), np.array([1, 0])])
    kept = np.load(tmp_path / "teacher.npy", allow_pickle=False)
    assert kept.dtype == np.float16
    assert kept.tolist() == [[0.5, 0.25], [1, 0]]
