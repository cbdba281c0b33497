"""Kokoro's voices: their signs, and that the held-out one is in no blend; the model itself only where it is."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.errors import WorkError
from azsim.train.corpus import kokoro
from azsim.train.corpus.heldout import UNSEEN_SPEAKERS
from azsim.train.corpus.voices import draw_voice, kokoro_heldout, speaker_of


def test_signs_of_diphthongs_and_affricates():
    assert kokoro.signs_of("tʃˈeɪndʒ  ðə lˈaɪt\n") == "ʧˈAnʤ ðə lˈIt"
    assert kokoro.signs_of("tˈɜːn ɡˈoʊ wˈɔːɾɚ") == "tˈɜɹn ɡˈO wˈɔTəɹ"


def test_the_held_out_voice_is_never_drawn():
    rng = np.random.default_rng(0)
    voices = [draw_voice(rng, "kokoro") for _ in range(300)]
    parts = {part for voice in voices for part in voice.name.split(kokoro.BLEND)}
    assert set(kokoro.VOICES) <= parts
    assert kokoro.HELD_OUT not in parts
    assert not any(voice.unseen for voice in voices)
    assert all(speaker_of(voice.label) == voice.speaker for voice in voices)
    assert kokoro_heldout(rng).unseen
    assert kokoro.HELD_OUT in UNSEEN_SPEAKERS


def test_without_the_packages_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr(kokoro, "is_there", lambda: False)
    kokoro._loaded.cache_clear()
    with pytest.raises(WorkError, match="pip install"):
        kokoro.say("a", "jf_alpha", 1.0)


@pytest.mark.skipif(not kokoro.is_there(), reason="Kokoro's packages are not installed")
def test_it_speaks():
    sound = kokoro.say("tˈɜːn ˈɔn ðə lˈaɪts", "jf_alpha+jm_kumo+0.3", 1.0)
    assert 0.5 < len(sound) / kokoro.RATE_HZ < 5
    assert np.abs(sound).max() > 0.05
