from __future__ import annotations

import numpy as np
import pytest

from azsim.train.corpus import scene
from azsim.train.corpus.scene import Conditions, NoisePool, make_pool, render, speech_bounds

QUIET = Conditions(room_probability=0, noise_probability=0, floor_db=(-90.0, -90.0))


def test_bounds_of_a_tone_between_silences(spoken: np.ndarray) -> None:
    assert speech_bounds(spoken) == (4800, 12_800)


def test_bounds_ignore_what_is_40_db_down(spoken: np.ndarray) -> None:
    spoken[12_800:14_400] = 0.005 * spoken[4800:6400]
    assert speech_bounds(spoken)[1] == 12_800


@pytest.mark.parametrize("sound", [np.zeros(1000, np.float32), np.zeros(0, np.float32)])
def test_silence_has_no_bounds(sound: np.ndarray) -> None:
    with pytest.raises(ValueError, match="no speech"):
        speech_bounds(sound)


def test_recorded_bounds_are_where_the_speech_is(spoken: np.ndarray, pool: NoisePool) -> None:
    for seed in range(20):
        heard = render(spoken, QUIET, pool, np.random.default_rng(seed))
        loud = np.flatnonzero(np.abs(heard.samples) > 0.1 * np.abs(heard.samples).max())
        assert heard.speech_start_ms == pytest.approx(loud[0] / 16, abs=2)
        assert heard.speech_end_ms == pytest.approx(loud[-1] / 16, abs=2)


def test_padding_and_gain_stay_in_their_ranges(spoken: np.ndarray, pool: NoisePool) -> None:
    for seed in range(40):
        heard = render(spoken, Conditions(), pool, np.random.default_rng(seed))
        tail_ms = len(heard.samples) / 16 - heard.speech_end_ms
        assert 200 <= heard.speech_start_ms <= 1025
        assert 300 <= tail_ms <= 1225
        assert np.abs(heard.samples).max() <= 0.991
        assert np.isfinite(heard.samples).all()


def test_rooms_move_neither_bound(spoken: np.ndarray, pool: NoisePool) -> None:
    wet = Conditions(room_probability=1.0, noise_probability=0)
    heard = render(spoken, wet, pool, np.random.default_rng(0))
    dry = render(spoken, QUIET, pool, np.random.default_rng(0))
    assert (heard.speech_start_ms, heard.speech_end_ms) == (dry.speech_start_ms, dry.speech_end_ms)
    assert heard.room.startswith("rt60=")


def test_noise_has_the_asked_ratio(spoken: np.ndarray, pool: NoisePool) -> None:
    noisy = Conditions(room_probability=0, noise_probability=1.0, snr_db=(10.0, 10.0), floor_db=(-100.0, -100.0))
    for seed in range(10):
        heard = render(spoken, noisy, pool, np.random.default_rng(seed))
        power = np.square(heard.samples.astype(np.float64))
        inside = np.zeros(len(power), bool)
        inside[heard.speech_start_ms * 16 : heard.speech_end_ms * 16] = True
        assert heard.noise.endswith("@10dB")
        ratio_db = 10 * np.log10(power[inside].mean() / power[~inside].mean())
        assert 4 < ratio_db < 22  # noise comes and goes: only roughly the same inside and outside


def test_pool_is_decided_by_its_seed(engines: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene, "POOL_TRACKS", 1)
    monkeypatch.setattr(scene, "POOL_TRACK_S", 2.0)
    monkeypatch.setattr(scene, "POOL_VOICES", 2)
    first, second = make_pool(1), make_pool(1)
    assert all(np.array_equal(a, b) for a, b in zip(first.tracks + first.voices, second.tracks + second.voices))
