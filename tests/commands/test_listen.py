"""`azsim listen`: what it prints of a pipe turn by turn, what it refuses, how it ends."""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from azsim.cli import parser
from azsim.cloud.background import serving
from azsim.cloud.certificates import certificates
from azsim.cloud.service import Service
from azsim.commands import listen
from azsim.compare import live
from azsim.errors import InputError
from azsim.speech.conversation import openers
from tests.cloud.cases import Second
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


def test_lattices_go_to_the_cloud_and_its_words_are_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    keys = certificates(tmp_path / "keys")
    piped(monkeypatch, pcm(4.0))
    with serving(keys, Service(Second())) as (port, lines):
        cloud = ("--cloud", f"127.0.0.1:{port}", "--certificates", str(keys.folder), "--limit-ms", "20000")
        answer = listen.perform(options("-", "--no-wake", *cloud))
    shown = capsys.readouterr().out
    assert answer["turns"]
    for turn in answer["turns"]:
        told = turn["cloud"]
        speculative = [end for end in turn["end_points"] if end["kind"] == "speculative"]
        assert (told["by"], told["why"]) == ("cloud", "")
        assert told["words"] == list(Second().best(None))
        assert told["lattices"] == len(speculative)
        assert told["uplink_bytes"] > 100 * told["lattices"]
        assert f"{told['uplink_bytes']:,} bytes up, {told['downlink_bytes']:,} down" in shown
    assert len(lines) >= len(answer["turns"])
    assert "cloud: turn on the light" in shown


def test_without_the_cloud_the_own_words_stand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    piped(monkeypatch, pcm(3.0))
    answer = listen.perform(
        options("-", "--no-wake", "--cloud", "127.0.0.1:1", "--certificates", str(tmp_path / "keys"))
    )
    assert answer["turns"]
    for turn in answer["turns"]:
        assert turn["cloud"]["by"] == "device"
        assert turn["cloud"]["words"] == turn["transcript"].split()
        assert turn["cloud"]["uplink_bytes"] == 0
    assert "own words: " in capsys.readouterr().out


def test_what_the_cloud_cannot_use_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    piped(monkeypatch, pcm(1.0))
    with pytest.raises(InputError, match="a greedy search has no lattice"):
        listen.perform(options("-", "-q", "--cloud", "127.0.0.1:1", "--beam", "1"))
    for wrong in ("127.0.0.1", ":80", "host:", "host:70000", "host:x"):
        with pytest.raises(SystemExit):
            options("-", "--cloud", wrong)
        assert "must be HOST:PORT" in capsys.readouterr().err


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
