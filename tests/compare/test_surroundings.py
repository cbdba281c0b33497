"""Recordings with the noise of the place where the device stands."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from azsim.compare.surroundings import heard_in
from azsim.devices import load_device
from azsim.devices.board_spec import SurroundingsSpec
from azsim.errors import InputError
from azsim.speech.audio import read_audio
from tests.soc.cases import device

SPOKEN = {"speech_start_ms": "250", "speech_end_ms": "750"}


def tone(length: int = 16_000) -> np.ndarray:
    sound = np.zeros(length, np.float32)
    sound[4_000:12_000] = 0.05
    return sound


@pytest.mark.parametrize("snr_db", [0.0, 12.0])
def test_noise_stands_at_its_level_below_the_speech(snr_db: float) -> None:
    heard = heard_in(device(surroundings=SurroundingsSpec("road", snr_db)), seed=1)
    added = heard(tone(), "a.flac", SPOKEN) - tone()
    assert 10 * np.log10(0.05**2 / np.mean(added**2)) == pytest.approx(snr_db, abs=0.05)


@pytest.mark.parametrize("silence_s", [0, 20])
def test_silence_around_the_speech_does_not_change_its_level_where_no_times_are_given(silence_s: float) -> None:
    sound = np.pad(tone(), (0, 16_000 * silence_s))
    heard = heard_in(device(surroundings=SurroundingsSpec("road", 9.0)), seed=1)
    added = heard(sound, "a.flac", {}) - sound
    assert 10 * np.log10(0.05**2 / np.mean(added**2)) == pytest.approx(9.0, abs=0.05)


def test_it_depends_on_seed_and_name_alone_and_stays_within_full_scale() -> None:
    incar = load_device("incar")
    first, again = (heard_in(incar, 1)(tone(), "a.flac", SPOKEN) for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, heard_in(incar, 2)(tone(), "a.flac", SPOKEN))
    assert not np.array_equal(first, heard_in(incar, 1)(tone(), "b.flac", SPOKEN))
    loud = heard_in(incar, 1)(20 * tone(), "a.flac", SPOKEN)
    assert np.abs(loud).max() == pytest.approx(0.99, abs=1e-5)
    assert loud.dtype == np.float32


def test_a_recording_may_take_the_place_of_made_noise() -> None:
    hiss = np.random.default_rng(0).standard_normal(5_000).astype(np.float32)
    heard = heard_in(device(surroundings=SurroundingsSpec("road", 6.0)), 1, hiss)
    added = heard(tone(), "a.flac", SPOKEN) - tone()
    assert 10 * np.log10(0.05**2 / np.mean(added**2)) == pytest.approx(6.0, abs=0.3)
    assert np.allclose(added[:5_000], added[5_000:10_000], atol=1e-6)


@pytest.mark.skipif("AZSIM_DATA" not in os.environ, reason="AZSIM_DATA names no folder of recordings")
def test_a_recorded_kitchen_may_take_its_place() -> None:
    kitchen = read_audio(Path(os.environ["AZSIM_DATA"]) / "noise" / "kitchen.flac").samples
    added = heard_in(device(surroundings=SurroundingsSpec("road", 6.0)), 1, kitchen)(tone(), "a.flac", SPOKEN) - tone()
    assert 10 * np.log10(0.05**2 / np.mean(added**2)) == pytest.approx(6.0, abs=0.05)


def test_without_surroundings_nothing_is_added_and_a_wrong_time_is_refused() -> None:
    assert heard_in(device(), 1) is None
    for wrong in ("soon", "-3", "1001", "nan"):
        with pytest.raises(InputError, match=f"a.flac: speech_start_ms = '{wrong}': must be milliseconds within"):
            heard_in(load_device("incar"), 1)(tone(), "a.flac", {"speech_start_ms": wrong})
