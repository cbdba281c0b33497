"""Conversations with the shipped networks: two people in turn, music alone, silence alone, speech without a pause."""

from __future__ import annotations

import csv
from functools import cache

import numpy as np
import pytest

from azsim.compress import compress
from azsim.compress.stored import load_recogniser
from azsim.resources import music_file, shipped
from azsim.speech.audio import read_audio
from azsim.speech.conversation.conversation import Conversation, ConversationTurn
from azsim.speech.conversation.opening import ForVoice
from azsim.speech.endpointing.choice import shipped_networks
from azsim.speech.endpointing.decision import EndPointing, Limits
from azsim.speech.endpointing.listening import EndPointer
from azsim.speech.features import SAMPLE_RATE_HZ, log_mel
from azsim.speech.recogniser import Recogniser

ROOM_DBFS, LIMITS = -60.0, EndPointing()


@cache
def recogniser(limits: EndPointing = LIMITS) -> Recogniser:
    small = compress(load_recogniser("rnnt-student"), codec="raw")
    return Recogniser(small, ends=EndPointer(shipped_networks(), limits))


def turns_of(sound: np.ndarray, limits: EndPointing = LIMITS) -> list[ConversationTurn]:
    networks = shipped_networks()
    talk = Conversation(recogniser(limits), lambda: ForVoice(networks.voice_activity, limits.speech_above))
    told = [*talk.feed(log_mel(sound.astype(np.float32))), *talk.finish()]
    return [each for each in told if isinstance(each, ConversationTurn)]


def room(seconds: float) -> np.ndarray:
    rng = np.random.default_rng(3)
    return 10 ** (ROOM_DBFS / 20) * rng.standard_normal(round(seconds * SAMPLE_RATE_HZ))


def requests(count: int) -> list[tuple[str, np.ndarray]]:
    """Of the shipped speech, quiet ones that the recogniser hears as they were said, each by another voice."""
    manifest = shipped("experiments", "speech/manifest.csv")
    found: dict[str, tuple[str, np.ndarray]] = {}
    with open(manifest, newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["voice"] in found or row["noise"] != "none":
                continue
            sound = read_audio(manifest.parent / row["file"]).samples
            if recogniser().recognise(sound).transcript.text_whole == row["transcript"]:
                found[row["voice"]] = row["transcript"], sound
            if len(found) == count:
                break
    return list(found.values())


def test_two_people_in_turn_are_a_turn_each() -> None:
    said = requests(2)
    parts = [room(1.5)]
    for _, sound in said:
        parts += [sound, room(2.0)]
    turns = [turn for turn in turns_of(np.concatenate(parts)) if turn.words]
    assert [turn.text for turn in turns] == [text for text, _ in said]
    assert turns[0].end_ms < turns[1].start_ms + 500
    assert all(turn.reason in ("ended", "quiet") for turn in turns)


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_silence_alone_is_no_turn(level: float) -> None:
    assert turns_of(level * room(8.0)) == []


def test_music_alone_says_nothing_and_every_turn_ends_by_rule() -> None:
    sound = read_audio(music_file("track"))
    limits = EndPointing(nothing_said_ms=3_000, longest_ms=4_000)
    for turn in turns_of(sound.samples[: 10 * SAMPLE_RATE_HZ], limits):
        assert (turn.text, turn.reason) == ("", "nothing said")
        assert turn.end_ms - turn.start_ms <= 3_100


def test_speech_whose_end_is_never_seen_is_over_after_the_longest_time_and_that_is_said() -> None:
    (_, sound), *_ = requests(1)
    loud = np.flatnonzero(np.abs(sound) > 0.05 * np.abs(sound).max())
    never = Limits(9_000, 9_000)
    limits = EndPointing(never, never, longest_quiet_ms=9_000, longest_pause_ms=9_000, longest_ms=4_000)
    turns = turns_of(np.tile(sound[loud[0] : loud[-1]], 8), limits)
    assert len(turns) > 1
    assert {turn.reason for turn in turns[:-1]} == {"too long"}
    assert all(4_000 <= turn.end_ms - turn.start_ms <= 4_100 for turn in turns[:-1])
