from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from azsim.errors import InputError
from azsim.train.corpus.recordings import estimate_bounds_ms, normalise_words, read_sound


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Turn ON the lights!", "turn on the lights"),
        ("I\N{RIGHT SINGLE QUOTATION MARK}d like -- 'coffee', please.", "i'd like coffee please"),
        ("  ", ""),
    ],
)
def test_words_are_normalised(text: str, words: str) -> None:
    assert normalise_words(text) == words


def test_any_rate_and_channels_become_16_khz_mono(tmp_path: Path) -> None:
    tone = np.sin(2 * np.pi * 300 * np.arange(96_000) / 96_000)
    soundfile.write(tmp_path / "wide.wav", np.tile(tone[:, None], (1, 8)) * 0.5, 96_000)
    sound = read_sound(tmp_path / "wide.wav")
    assert sound.shape == (16_000,)
    assert np.allclose(sound[2000:-2000], 0.5 * tone[::6][2000:-2000], atol=1e-3)


def test_unreadable_sound_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.flac").write_bytes(b"fLaC broken")
    with pytest.raises(InputError, match=r"broken\.flac: cannot be read as audio"):
        read_sound(tmp_path / "broken.flac")
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 16_000)
    with pytest.raises(InputError, match="holds no samples"):
        read_sound(tmp_path / "empty.wav")
    soundfile.write(tmp_path / "nan.wav", np.array([0.0, np.nan]), 16_000, "FLOAT")
    with pytest.raises(InputError, match="not finite"):
        read_sound(tmp_path / "nan.wav")


def test_bounds_are_found_in_noise(spoken: np.ndarray) -> None:
    noisy = spoken + 0.003 * np.random.default_rng(0).standard_normal(len(spoken)).astype(np.float32)
    assert estimate_bounds_ms(noisy) == (300, 800)


def test_clicks_are_not_speech(spoken: np.ndarray) -> None:
    spoken[15_000:15_020] = 1.0
    assert estimate_bounds_ms(spoken) == (300, 800)


def test_even_noise_is_speech_throughout() -> None:
    assert estimate_bounds_ms(np.random.default_rng(0).standard_normal(16_000)) == (0, 1000)
    assert estimate_bounds_ms(np.zeros(80, np.float32)) == (0, 5)
