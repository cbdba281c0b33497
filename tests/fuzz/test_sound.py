"""Damaged recordings and music of every format."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile

from azsim.soc.music import load_music
from azsim.speech.audio import read_audio
from tests.fuzz.harness import Attack, damaged, numbers
from tests.speech.encoded import RATE_HZ, encode, tone

DAMAGED = 15
FORMATS = ("a.wav", "a.flac", "a.ogg", "a.mp3", "a.aiff", "a.m4a", "a.aac", "a.webm")
ENCODED = {"a.m4a": ("aac", "ipod"), "a.aac": ("aac", "adts"), "a.webm": ("libopus", "webm")}


@pytest.mark.parametrize("name", FORMATS)
def test_files(attack: Attack, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if name in ENCODED:
        encode(path, tone(RATE_HZ // 4), *ENCODED[name])
    else:
        soundfile.write(path, tone(RATE_HZ // 4), RATE_HZ)
    whole = path.read_bytes()
    for number in numbers(DAMAGED):
        case = f"damage {number}"
        path.write_bytes(damaged(whole, attack.rng(number)))
        audio = attack.answer(case, lambda: read_audio(path))
        if audio is not None:
            attack.check(case, audio.samples.size <= 16_000 * 600, "longer than may be")
        music = attack.answer(case, lambda: load_music(path))
        if music is not None:
            attack.check(case, bool((music.packet_samples > 0).all()), "a packet that plays nothing")
