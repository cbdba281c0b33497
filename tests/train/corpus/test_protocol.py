"""The protocol of hard conditions: what its decibels mean, and that everything repeats."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.speech.features import SAMPLE_RATE_HZ
from azsim.speech.level import active_rms
from azsim.train.corpus.protocol import (
    FOLDS,
    QUIET_TONE_DBFS,
    at_peak,
    conditions,
    fold_of,
    in_noise,
    led_in,
    with_tone,
)


def recording(lead_s: float = 0.5) -> np.ndarray:
    times_s = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    speech = 0.3 * np.sin(2 * np.pi * 200 * times_s) * (1 + 0.5 * np.sin(2 * np.pi * 3 * times_s))
    lead = np.zeros(int(lead_s * SAMPLE_RATE_HZ))
    return np.concatenate([lead, speech, lead]).astype(np.float32)


def test_silence_around_the_speech_does_not_move_its_level():
    sound = recording()
    longer = np.pad(sound, (0, 20 * SAMPLE_RATE_HZ))
    assert active_rms(longer) == active_rms(sound)
    assert active_rms(np.zeros(100, np.float32)) == 0.0


@pytest.mark.parametrize("snr_db", [24.0, 6.0, -5.0])
def test_noise_lies_as_far_below_the_active_speech_as_asked(snr_db: float):
    sound = 0.05 * recording()
    rng = np.random.default_rng(1)
    unwanted = rng.standard_normal(SAMPLE_RATE_HZ * 3).astype(np.float32)
    left = in_noise(sound, unwanted, snr_db, rng) - sound
    measured_db = 20 * np.log10(active_rms(sound) / np.sqrt(np.mean(left.astype(np.float64) ** 2)))
    assert measured_db == pytest.approx(snr_db, abs=0.05)


def test_an_attenuated_recording_has_a_fixed_room_tone():
    heard = at_peak(recording(), -40.0, np.random.default_rng(2))
    tone = heard[: SAMPLE_RATE_HZ // 2]
    assert 20 * np.log10(np.sqrt(np.mean(tone.astype(np.float64) ** 2))) == pytest.approx(QUIET_TONE_DBFS, abs=0.3)
    assert 20 * np.log10(np.abs(heard).max()) == pytest.approx(-40.0, abs=0.5)


@pytest.mark.parametrize("lead_ms", [0, 50, 800])
def test_lead_in_is_cut_or_filled_up(lead_ms: int):
    sound = recording()
    heard = led_in(sound, lead_ms, np.random.default_rng(3))
    first = int(np.flatnonzero(np.abs(heard) > 0.1 * np.abs(heard).max())[0])
    assert first == pytest.approx(lead_ms * SAMPLE_RATE_HZ // 1000, abs=SAMPLE_RATE_HZ // 100)


def test_tone_for_end_points_is_the_same_for_the_same_samples():
    sound = recording()
    assert np.array_equal(with_tone(sound), with_tone(sound.copy()))
    assert (with_tone(sound) != 0).all()


def test_every_condition_repeats_and_no_name_comes_twice():
    kitchen = np.random.default_rng(0).standard_normal(SAMPLE_RATE_HZ).astype(np.float32)
    found = conditions({"kitchen": kitchen})
    assert len({(each.group, each.name) for each in found}) == len(found)
    for each in found:
        first, again = (each.heard([recording()], 7)[0] for _ in range(2))
        assert np.array_equal(first, again), each.name
        assert first.dtype == np.float32
        assert np.isfinite(first).all()


def test_folds_hold_out_every_speaker_once():
    speakers = [f"s{number}" for number in range(28)]
    counts = np.bincount([fold_of(each, speakers) for each in speakers], minlength=FOLDS)
    assert counts.tolist() == [7, 7, 7, 7]
