"""Recordings cut into turns: short ones stay whole, what follows a turn, nobody speaking, memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from azsim.compare import turns as module
from azsim.compare.speech_set import load_utterance
from azsim.compare.turns import BEHIND_FRAMES, WITHOUT_WAKE_WORD, Cutter, turns_with_rooms
from azsim.errors import InputError
from azsim.speech.conversation.conversation import Conversation
from azsim.speech.features import log_mel
from azsim.speech.recogniser import Recogniser
from tests.speech.conversation.test_conversation import RECOGNISER, by_voice, by_word


def noise(seconds: float, seed: int = 2) -> np.ndarray:
    rng = np.random.default_rng(seed)
    loud = np.repeat(np.resize([0.02, 0.3, 0.05, 0.2, 0.01], round(seconds * 2.7) + 1), 6_000)
    return (loud * rng.standard_normal(loud.size)).astype(np.float32)[: round(16_000 * seconds)]


def never() -> Recogniser:
    raise AssertionError("nothing is cut")


@pytest.fixture(autouse=True)
def small_openers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "for_wake_word", lambda: by_word)
    monkeypatch.setattr(module, "for_voice", lambda speech_above: by_voice)


def written(folder: Path, sound: np.ndarray) -> Path:
    soundfile.write(folder / "talk.wav", sound, 16_000, subtype="FLOAT")
    return folder / "talk.wav"


def test_a_short_recording_is_one_turn_as_it_is(tmp_path: Path) -> None:
    path = written(tmp_path, noise(3.0))
    (found,) = Cutter("by itself", never, 10.0).utterances(path, None)
    alone = load_utterance(path, "talk.wav", None, {}, 10.0)
    assert (found.name, found.start_ms, found.opened_by) == ("talk.wav", 0, "")
    assert np.array_equal(found.features, alone.features)
    assert found.bounds == alone.bounds


def test_a_long_recording_without_the_word_is_cut_by_voices_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ONE_TURN_S", 5)
    path = written(tmp_path, noise(7.0))
    found = Cutter("by itself", lambda: RECOGNISER, 10.0).utterances(path, None)
    assert len(found) > 1
    assert [each.name for each in found] == [f"talk.wav#{number}" for number in range(1, len(found) + 1)]
    assert WITHOUT_WAKE_WORD in found[0].remarks
    assert not any(WITHOUT_WAKE_WORD in each.remarks for each in found[1:])
    whole = load_utterance(path, "talk.wav", None, {}, 10.0)
    for each in found:
        first, count = each.start_ms // 10, len(each.features)
        assert np.array_equal(each.features, whole.features[first : first + count])
        assert np.array_equal(each.envelope, whole.envelope[first : first + each.audio_ms // 10])


def test_each_turn_has_what_follows_it_up_to_the_next() -> None:
    sound = noise(7.0)
    frames = log_mel(sound)
    blocks = np.split(sound, range(0, len(sound), 4_001))
    found = list(turns_with_rooms(iter(blocks), Conversation(RECOGNISER, by_voice)))
    assert len(found) > 1
    for (turn, features), (later, _) in zip(found, [*found[1:], (None, None)], strict=False):
        end = turn.opening.frame + len(turn.frames)
        until = len(frames) if later is None else later.opening.frame
        assert np.array_equal(features, frames[turn.opening.frame : min(end + BEHIND_FRAMES, max(end, until), until)])


def test_turns_do_not_depend_on_the_blocks() -> None:
    sound = noise(5.0, 4)
    whole, pieces = (
        list(turns_with_rooms(iter(np.split(sound, range(0, len(sound), size))), Conversation(RECOGNISER, by_voice)))
        for size in (len(sound), 1_237)
    )
    assert [turn.words for turn, _ in whole] == [turn.words for turn, _ in pieces]
    assert all(np.array_equal(one, other) for (_, one), (_, other) in zip(whole, pieces, strict=True))


@pytest.mark.parametrize(
    ("cut", "words"),
    [("wake", "its wake word is never said in it.*--no-wake"), ("no wake", "nobody speaks in it"),
     ("by itself", "nobody speaks in it")],
)  # fmt: skip
def test_a_recording_in_which_nobody_speaks_is_refused_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: str, words: str
) -> None:
    monkeypatch.setattr(module, "for_voice", lambda speech_above: by_word)
    path = written(tmp_path, np.zeros(21 * 16_000, np.float32))
    with pytest.raises(InputError, match=rf"talk\.wav: {words}") as refused:
        Cutter(cut, lambda: RECOGNISER, 10.0).utterances(path, None)
    assert "\n" not in str(refused.value)


def test_what_else_the_microphone_hears_is_cut_too(tmp_path: Path) -> None:
    path = written(tmp_path, noise(6.0))
    quieter = Cutter("no wake", lambda: RECOGNISER, 10.0).utterances(path, lambda sound, name, columns: sound / 4)
    again = written(tmp_path, noise(6.0) / 4)
    alone = Cutter("no wake", lambda: RECOGNISER, 10.0).utterances(again, None)
    assert [each.start_ms for each in quieter] == [each.start_ms for each in alone]
