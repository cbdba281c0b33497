from __future__ import annotations

import numpy as np
import pytest

from azsim.train.corpus import synth
from azsim.train.corpus.synth import SynthesisError, speak
from azsim.train.corpus.voices import Voice

VOICES = (
    Voice("espeak", "en-us+f3", "f3", 150, 50, 1.0),
    Voice("flite", "kal16", "kal", 1.0, 110, 1.0),
    Voice("festival", "kal_diphone", "kal", 1.0, 0, 1.0),
    Voice("festival", "ked_diphone", "ked", 0.9, 0, 1.0),
)


def test_every_engine_speaks_in_the_order_asked(engines: tuple[str, ...]) -> None:
    requests = [(voice, "turn on the kitchen lights") for voice in VOICES]
    together = speak(requests)
    assert all(0.8 < len(sound) / 16_000 < 4 and sound.dtype == np.float32 for sound in together)
    for request, sound in zip(requests, together, strict=True):
        assert np.array_equal(speak([request])[0], sound)


def test_warp_scales_the_sound(engines: tuple[str, ...]) -> None:
    plain, warped = speak([(Voice("flite", "kal16", "kal", 1.0, 110, warp), "stop the music") for warp in (1.0, 1.1)])
    assert len(plain) / len(warped) == pytest.approx(1.1, rel=0.01)


def test_missing_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(SynthesisError, match="espeak-ng is not installed"):
        speak([(VOICES[0], "hello")])


def test_silence_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synth, "_run", lambda command, timeout_s: bytes(44 + 2000))
    with pytest.raises(SynthesisError, match="no sound from espeak:en-us"):
        speak([(VOICES[0], "hello")])
