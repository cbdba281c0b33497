"""Words of known ends: what festival prints is read, and a label is set against the end of its own word."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("torch", reason="the recordings come through azsim.train, the extra `train`")
pytest.importorskip("jiwer")

from azsim.compress.recipe import compress
from azsim.speech.recogniser import Recogniser
from experiments.endpointing import emission
from experiments.endpointing.emission import Spoken
from tests.conftest import random_network


def test_what_festival_prints_is_read_sentence_by_sentence(tmp_path: Path) -> None:
    for place in range(2):
        soundfile.write(tmp_path / f"{place}.wav", np.full(800, 0.1, np.float32), 16_000)
    printed = [f"UTTERANCE {tmp_path}/0.wav", "WORD Turn 0.250000", "WORD on 0.400000", f"UTTERANCE {tmp_path}/1.wav"]
    found = list(emission._read([*printed, "WORD stop 0.300000"]))
    assert [(one.words, one.ends_ms) for one in found] == [(("turn", "on"), (250.0, 400.0)), (("stop",), (300.0,))]
    assert all(len(one.sound) > 16_000 for one in found)


def test_a_label_is_set_against_the_end_of_its_own_word() -> None:
    recogniser = Recogniser(compress(random_network(8)))
    sound = (0.1 * np.random.default_rng(1).standard_normal(16_000)).astype(np.float32)
    heard = recogniser.recognise(sound).transcript
    words = [word.text for word in recogniser.recognise(sound, "u").transcript.words]
    assert words
    assert len(heard.labels) == len(heard.label_steps)
    one = Spoken(tuple(words), tuple(100.0 * (at + 1) for at in range(len(words))), sound)
    pairs = emission._late_ms(recogniser, one)
    ends = [word.end_ms for word in heard.words]
    assert pairs == [(at, end - 100.0 * (at + 1)) for at, end in enumerate(ends)]


def test_without_festival_nothing_is_spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert emission.spoken() == []
