"""`azsim listen`: what it prints of a pipe turn by turn, what it refuses, how it ends."""

from __future__ import annotations

import argparse
import io
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from azsim.cli import parser
from azsim.commands import listen
from azsim.compare import live
from azsim.errors import InputError
from azsim.speech.conversation import openers
from tests.compare.test_turns import noise
from tests.speech.conversation.test_conversation import SMALL, by_voice


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small network in place of the shipped ones, opened by voices."""
    monkeypatch.setattr(live, "compressed", lambda setup, configuration: SMALL)
    monkeypatch.setattr(openers, "for_wake_word", lambda: by_voice)
    monkeypatch.setattr(openers, "for_voice", lambda speech_above: by_voice)


def piped(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))


def options(*words: str) -> argparse.Namespace:
    return parser(["listen"]).parse_args(["listen", *words])


def pcm(seconds: float) -> bytes:
    return (np.clip(noise(seconds), -1, 1) * 32767).astype("<i2").tobytes()


def test_a_pipe_is_heard_turn_by_turn(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    piped(monkeypatch, pcm(4.0))
    answer = listen.perform(options("-", "--no-wake"))
    shown = capsys.readouterr().out
    assert answer["turns"]
    assert answer["sound_s"] == pytest.approx(4.0)
    for turn in answer["turns"]:
        assert f"turn {turn['turn']}: {turn['transcript'] or '(no words)'}" in shown
        assert turn["start_ms"] < turn["end_ms"]
        assert turn["energy_mj"] > 0
        assert turn["words_shown"] >= turn["words_taken_back"]
        assert turn["partials"][-1]["text"] == turn["transcript"]
    assert "opened by voice" in shown
    assert "busy of" in shown
    assert f"4.0 s of sound, {len(answer['turns'])} turns" in shown


def test_json_and_silence_print_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    piped(monkeypatch, bytes(64_000))
    assert listen.perform(options("-", "--json"))["turns"] == []
    assert capsys.readouterr().out == ""


def test_what_is_no_raw_sound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    piped(monkeypatch, b"RIFF" + bytes(100))
    with pytest.raises(InputError, match="is a WAV file"):
        listen.perform(options("-", "-q"))
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match="standard input is closed"):
        listen.perform(options("-", "-q"))


def test_an_interrupt_ends_listening_and_what_was_heard_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(io.BytesIO):
        def read1(self, most: int = -1) -> bytes:
            data = super().read1(most)
            if not data:
                raise KeyboardInterrupt
            return data

    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=Interrupted(pcm(3.0))))
    answer = listen.perform(options("-", "-q", "--json"))
    assert answer["sound_s"] == pytest.approx(3.0)
