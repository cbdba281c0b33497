"""The music in the microphone: its level, its position, and that the canceller takes it out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from azsim.compare.echo import WARM_UP_S, EchoInMicrophone, with_echo_canceller
from azsim.compare.experiment import EchoChoice, load_experiment
from azsim.compare.runner import make_setup
from azsim.devices.loader import load_device
from azsim.errors import InputError
from azsim.resources import shipped
from azsim.soc.device import DeviceSimulation
from azsim.soc.music import decode_music, load_music
from azsim.speech.features import SAMPLE_RATE_HZ

AUDIO = load_device("az1").audio
COLUMNS = {"speech_start_ms": "500", "speech_end_ms": "2500"}


@pytest.fixture(scope="module")
def track_file() -> Path:
    return shipped("experiments", "music/track.ogg")


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    sound = np.zeros(3 * SAMPLE_RATE_HZ, np.float32)
    part = slice(SAMPLE_RATE_HZ // 2, 5 * SAMPLE_RATE_HZ // 2)
    sound[part] = 0.05 * np.random.default_rng(1).standard_normal(2 * SAMPLE_RATE_HZ)
    return sound


def heard(track_file: Path, sound: np.ndarray, **choice):
    echo = EchoInMicrophone(EchoChoice(**choice), load_music(track_file), track_file, AUDIO, seed=4)
    return echo, echo(sound, "one", COLUMNS)


@pytest.mark.parametrize("level_db", [-10.0, 0.0])
def test_the_echo_is_as_loud_as_asked(track_file, speech, level_db):
    _, sound = heard(track_file, speech, level_db=level_db, cancel=False)
    part = slice(SAMPLE_RATE_HZ // 2, 5 * SAMPLE_RATE_HZ // 2)
    ratio = np.mean((sound - speech)[part] ** 2) / np.mean(speech[part] ** 2)
    assert 10 * np.log10(ratio) == pytest.approx(level_db, abs=0.05)


def test_the_canceller_takes_most_of_it_out_and_leaves_the_speech(track_file, speech):
    echo, sound = heard(track_file, speech, level_db=0.0)
    assert echo.erle_db[0] > 12
    assert np.corrcoef(sound, speech)[0, 1] > 0.95


def test_the_music_is_that_of_the_simulation(track_file):
    """A ring before the packet that the decoder takes first, less what has been played of the period."""
    track, device, seed = load_music(track_file), load_device("az1"), 9
    playback = DeviceSimulation(device, track, seed).playback
    position_s = (
        track.packet_samples[: playback._source._source._first].sum() / track.sample_rate_hz
        - playback.ring_frames / AUDIO.playback_rate_hz
        - playback.period_start_ps(1) / 1e12
    )
    echo = EchoInMicrophone(EchoChoice(level_db=0.0), track, track_file, AUDIO, seed)
    sound = decode_music(track_file, SAMPLE_RATE_HZ)
    count = WARM_UP_S * SAMPLE_RATE_HZ + 100
    assert echo._played(count)[-100] == sound[round(position_s * SAMPLE_RATE_HZ) % len(sound)]


def test_the_track_decodes_to_its_length(track_file):
    sound = decode_music(track_file, SAMPLE_RATE_HZ)
    assert len(sound) / SAMPLE_RATE_HZ == pytest.approx(load_music(track_file).seconds, abs=0.01)


def test_an_experiment_turns_the_canceller_on_and_needs_music():
    assert with_echo_canceller(load_device("az1"), EchoChoice(level_db=0.0)).audio.echo_tail_ms == 120
    assert with_echo_canceller(load_device("az1"), EchoChoice(level_db=0.0, cancel=False)).audio.echo_tail_ms == 0
    given, path = load_experiment(None)
    with pytest.raises(InputError, match="echo: there is none without music"):
        make_setup(replace(given, music="", echo=EchoChoice(level_db=0.0)), path, limit=1)
    setup = make_setup(replace(given, echo=EchoChoice(level_db=0.0)), path, limit=1)
    assert setup.device.audio.echo_tail_ms == 120
    assert not np.array_equal(setup.utterances[0].features, make_setup(given, path, limit=1).utterances[0].features)
