"""Simulated people: they look as their manners say, mouths move with speech, the tracker errs as told."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.speech.turn_taking.people import (
    CAMERA_FRAME_MS,
    CameraErrors,
    Manners,
    Saying,
    simulate,
)
from azsim.speech.turn_taking.tracks import Tracks, away_deg

EXACT = CameraErrors(0.0, 0.0, 0.0)
STEADY = Manners(looks_share=1, strays_share=0, listens_share=1, glances_per_s=0, chews_share=0)
SPEECH = Saying(200, np.ones(300, bool), 0, True)
"""From 2 to 5 seconds."""


def made(said: Saying, people: int, seed: int, manners: Manners = STEADY, camera: CameraErrors = EXACT) -> Tracks:
    return simulate([said], people, 8_000, np.random.default_rng(seed), manners, camera)


def during(values: np.ndarray, start_ms: int = 2_600, end_ms: int = 4_900) -> np.ndarray:
    return values[start_ms // CAMERA_FRAME_MS : end_ms // CAMERA_FRAME_MS]


@pytest.mark.parametrize("seed", range(4))
def test_who_speaks_to_the_device_looks_at_it_and_else_at_somebody(seed: int) -> None:
    (speaker,) = made(SPEECH, 1, seed)
    assert during(away_deg(speaker.yaw_deg, speaker.pitch_deg)).max() < 20
    aside = Saying(200, SPEECH.speech, 0, False)
    speaker, listener = made(aside, 2, seed)
    for each in (speaker, listener):
        assert np.nanmin(during(np.abs(each.yaw_deg))) > 10


def test_mouths_move_with_speech_alone() -> None:
    speaker, other = made(SPEECH, 2, 1)
    motion = np.abs(np.diff(speaker.mouth_ratio))
    assert np.nanmean(during(motion)) > 0.02
    assert np.nansum(motion[: 1_800 // CAMERA_FRAME_MS]) == 0
    assert np.nansum(np.abs(np.diff(other.mouth_ratio))) == 0


def test_a_voice_from_elsewhere_moves_no_mouth() -> None:
    for person in made(Saying(200, SPEECH.speech, None, False), 2, 3):
        assert np.nansum(np.abs(np.diff(person.mouth_ratio))) == 0


def test_errors_of_the_tracker_are_as_large_as_told() -> None:
    (exact,) = made(SPEECH, 1, 5)
    (noisy,) = made(SPEECH, 1, 5, camera=CameraErrors(8.0, 0.0, 0.0))
    between = during(noisy.pitch_deg - exact.pitch_deg)
    assert 4 < np.nanstd(between) < 14
    shares = []
    for seed in range(20):
        (lost,) = made(SPEECH, 1, seed, camera=CameraErrors(0.0, 0.3, 0.0))
        shares.append(np.isnan(lost.yaw_deg[10:]).mean())
    assert 0.2 < np.mean(shares) < 0.42  # more than told: profiles are lost as well
    assert np.isnan(exact.yaw_deg[np.abs(exact.yaw_deg) < 60]).sum() == 0


def test_a_seed_repeats_a_scene_and_an_empty_one_is_none() -> None:
    one, other = (made(SPEECH, 2, 9, Manners(), CameraErrors()) for _ in range(2))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a.yaw_deg, b.yaw_deg)
    assert simulate([], 0, 1_000, np.random.default_rng(0)) == ()


def test_manners_are_kept_on_the_whole() -> None:
    looks = []
    for seed in range(60):
        (speaker,) = made(SPEECH, 1, seed, Manners(glances_per_s=0, chews_share=0))
        looks.append(np.nanmedian(during(away_deg(speaker.yaw_deg, speaker.pitch_deg))) < 15)
    assert 0.7 < np.mean(looks) <= 0.97
