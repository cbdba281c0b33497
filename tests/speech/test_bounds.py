"""Bounds of speech: shipped recordings in quiet and noise, what must not matter, and where they are unknown."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.resources import shipped
from azsim.speech.bounds import UNKNOWN, SpeechBounds, estimate_bounds
from azsim.speech.features import log_mel
from azsim.speech.noise import MAKERS, babble, mixed

RATE = 16_000


def recordings(count: int) -> list[tuple[np.ndarray, int, int]]:
    """Sound, start and end of shipped recordings without noise or room."""
    manifest = shipped("experiments", "speech/manifest.csv")
    with open(manifest, newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["noise"] == row["room"] == "none"]
    return [
        (
            soundfile.read(manifest.parent / row["file"], dtype="float32")[0],
            int(row["speech_start_ms"]),
            int(row["speech_end_ms"]),
        )
        for row in rows[:: len(rows) // count][:count]
    ]


@pytest.fixture(scope="module")
def quiet() -> list[tuple[np.ndarray, int, int]]:
    return recordings(24)


def bounds(sound: np.ndarray) -> SpeechBounds:
    return estimate_bounds(log_mel(sound.astype(np.float32)))


def test_in_quiet_all_bounds_are_known_and_right(quiet) -> None:
    off = []
    for sound, start_ms, end_ms in quiet:
        found = bounds(sound)
        assert found.estimated
        assert found.start_ms is None or abs(found.start_ms - start_ms) <= 60
        off.append(abs(found.end_ms - end_ms))
    assert max(off) <= 250
    assert np.mean(np.array(off) <= 50) >= 0.9


@pytest.mark.parametrize("kind", ["white", "brown", "fan", "road"])
def test_in_steady_noise_most_ends_are_known_and_near(quiet, kind: str) -> None:
    off = []
    for place, (sound, start_ms, end_ms) in enumerate(quiet):
        noise = MAKERS[kind](np.random.default_rng(place), len(sound))
        found = bounds(mixed(sound, noise, 15.0, 16 * start_ms, 16 * end_ms))
        off += [] if found.end_ms is None else [abs(found.end_ms - end_ms)]
    assert len(off) >= 20
    assert np.mean(np.array(off) <= 100) >= 0.9


def test_zeros_anywhere_change_nothing(quiet) -> None:
    zeros = np.zeros(3 * RATE, np.float32)
    for sound, _, end_ms in quiet[:8]:
        alone = bounds(sound)
        after, before = bounds(np.concatenate([sound, zeros])), bounds(np.concatenate([zeros, sound]))
        assert abs(after.end_ms - alone.end_ms) <= 20
        assert abs(before.end_ms - alone.end_ms - 3_000) <= 20
        assert abs(after.end_ms - end_ms) <= 100


def test_noise_then_zeros_does_not_make_the_noise_speech(quiet) -> None:
    """The floor of zeros is not the floor of the room: the fault was an end 3 s late."""
    for place, (sound, start_ms, end_ms) in enumerate(quiet[:8]):
        room = MAKERS["pink"](np.random.default_rng(place), len(sound) + 2 * RATE)
        padded = np.concatenate([sound, np.zeros(2 * RATE, np.float32)])
        noisy = mixed(padded, room, 25.0, 16 * start_ms, 16 * end_ms)
        found = bounds(np.concatenate([noisy, np.zeros(2 * RATE, np.float32)]))
        assert found.end_ms is None or abs(found.end_ms - end_ms) <= 100


def test_the_share_that_is_speech_does_not_matter(quiet) -> None:
    told = 0
    for place, (sound, _, end_ms) in enumerate(quiet[:6]):
        floor = 5e-4 * np.random.default_rng(place).standard_normal(40 * RATE)
        floor[10 * RATE : 10 * RATE + len(sound)] += sound
        found = bounds(floor)
        told += found.end_ms is not None
        assert found.end_ms is None or abs(found.end_ms - 10_000 - end_ms) <= 100
    assert told >= 5


def test_a_recording_cut_at_its_end_ends_there_or_is_unknown(quiet) -> None:
    off = []
    for sound, _, end_ms in quiet:
        found = bounds(sound[: 16 * end_ms])
        off += [] if found.end_ms is None else [end_ms - found.end_ms]
    assert len(off) >= 10
    assert min(off) >= 0
    assert np.mean(np.array(off) <= 100) >= 0.9


def test_sound_that_is_no_speech_has_no_bounds() -> None:
    for kind in ("white", "pink", "brown", "hum", "fan", "road"):
        assert bounds(0.05 * MAKERS[kind](np.random.default_rng(3), 4 * RATE)).end_ms is None, kind
    assert bounds(np.zeros(RATE)) == bounds(np.zeros(400)) == bounds(0.01 * np.ones(RATE)) == UNKNOWN


def test_in_a_crowd_the_end_is_unknown_rather_than_wrong(quiet) -> None:
    voices = [sound[16 * start : 16 * end] for sound, start, end in quiet]
    for place, (sound, start_ms, end_ms) in enumerate(quiet):
        crowd = babble(np.random.default_rng(place), len(sound), voices)
        found = bounds(mixed(sound, crowd, 8.0, 16 * start_ms, 16 * end_ms))
        assert found.end_ms is None or abs(found.end_ms - end_ms) <= 200


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    parts=st.lists(st.tuples(st.integers(0, 9_000), st.sampled_from([0.0, 1e-5, 1e-3, 0.1, 1.0])), max_size=8),
)
def test_bounds_lie_within_the_recording_and_in_order(seed: int, parts: list[tuple[int, float]]) -> None:
    rng = np.random.default_rng(seed)
    sound = np.concatenate([np.zeros(400), *(level * rng.standard_normal(length) for length, level in parts)])
    found = bounds(sound)
    for time_ms in (found.start_ms, found.end_ms):
        assert time_ms is None or 0 <= time_ms <= len(sound) / 16
    if found.start_ms is not None and found.end_ms is not None:
        assert found.start_ms < found.end_ms
