"""Recordings of every kind, good and bad."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from azsim.errors import InputError
from azsim.speech.audio import Resampler, read_audio
from tests.speech import encoded
from tests.speech.encoded import encode


def tone(rate_hz: int, seconds: float = 0.5, channels: int = 1) -> np.ndarray:
    wave = 0.3 * np.sin(2 * np.pi * 440 * np.arange(int(rate_hz * seconds)) / rate_hz)
    return np.repeat(wave[:, None], channels, axis=1).astype(np.float32)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 8])
def test_any_rate_and_channel_count(tmp_path, rate_hz, channels):
    path = tmp_path / "tone.wav"
    soundfile.write(path, tone(rate_hz, channels=channels), rate_hz, subtype="FLOAT")
    audio = read_audio(path)
    assert (audio.source_rate_hz, audio.source_channels) == (rate_hz, channels)
    assert audio.samples.dtype == np.float32
    assert abs(audio.samples.size - round(int(rate_hz * 0.5) * 16_000 / rate_hz)) <= 1
    middle = slice(1_000, 7_000)
    assert np.abs(audio.samples[middle] - tone(16_000)[middle, 0]).max() < 0.01


@pytest.mark.parametrize(
    ("kind", "subtype"), [("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("AIFF", "PCM_24"), ("WAV", "ULAW")]
)
def test_other_formats(tmp_path, kind, subtype):
    path = tmp_path / f"tone.{kind.lower()}"
    soundfile.write(path, tone(16_000), 16_000, format=kind, subtype=subtype)
    assert read_audio(path).duration_ms == 500


@pytest.mark.parametrize(("name", "encoder", "container"), [("a.m4a", "aac", "ipod"), ("a.webm", "libopus", "webm")])
def test_formats_that_libsndfile_does_not_read(tmp_path, name, encoder, container):
    path = encode(tmp_path / name, encoded.tone(48_000), encoder, container)
    audio = read_audio(path)
    assert (audio.samples.size, audio.source_rate_hz, audio.source_channels) == (16_000, 48_000, 2)
    assert np.abs(audio.samples[2_000:14_000] - tone(16_000, 1.0)[2_000:14_000, 0]).mean() < 0.02
    refused(path, r"more than 0\.01 minutes", max_minutes=0.01)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    refused(path, "cut short|not a recording")


def test_channels_are_averaged():
    stereo = np.stack([np.ones(10), -np.ones(10)], axis=1).astype(np.float32)
    assert not Resampler(16_000).feed(stereo).any()


def refused(path, message: str, **options) -> None:
    with pytest.raises(InputError, match=message) as error:
        read_audio(path, **options)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    assert error.value.exit_status == 2


def test_missing_folder_empty_and_not_sound(tmp_path):
    refused(tmp_path / "none.wav", "no such file")
    refused(tmp_path, "is a folder")
    (tmp_path / "empty.wav").touch()
    refused(tmp_path / "empty.wav", "is empty")
    (tmp_path / "text.wav").write_text("not sound at all " * 20)
    refused(tmp_path / "text.wav", "not a readable recording")


@pytest.mark.parametrize("samples", [0, 100])
def test_too_short(tmp_path, samples):
    path = tmp_path / "short.wav"
    soundfile.write(path, np.zeros(samples), 16_000)
    refused(path, "no samples" if not samples else r"6\.2 ms")


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "AIFF", "AU", "W64", "RF64", "CAF"])
def test_cut_short(tmp_path, kind):
    whole = io.BytesIO()
    noise = 0.1 * np.random.default_rng(0).standard_normal(16_000)
    soundfile.write(whole, noise, 16_000, format=kind)
    path = tmp_path / f"cut.{kind.lower()}"
    path.write_bytes(whole.getvalue()[: len(whole.getvalue()) // 2])
    refused(path, "cut short|not a readable recording")


def test_a_wav_from_a_pipe_has_no_length_and_is_read(tmp_path):
    whole = io.BytesIO()
    soundfile.write(whole, tone(16_000), 16_000, format="WAV", subtype="PCM_16")
    content = bytearray(whole.getvalue())
    at = content.index(b"data") + 4
    content[4:8] = content[at : at + 4] = b"\xff\xff\xff\xff"
    path = tmp_path / "pipe.wav"
    path.write_bytes(content)
    assert read_audio(path).duration_ms == 500


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_sound(tmp_path, bad):
    path = tmp_path / "bad.wav"
    samples = tone(48_000)[:, 0]
    samples[1_000] = bad
    soundfile.write(path, samples, 48_000, subtype="FLOAT")
    refused(path, "not finite")


@pytest.mark.parametrize(
    ("scale", "says"),
    [
        (2.0**15, r"peak 9830\.4.*16-bit integers: --gain 3\.0517578e-05"),
        (2.0**31, "32-bit integers"),
        (1e30, r"peak 3e\+29.*--gain"),
    ],
)
def test_floats_of_another_full_scale_are_refused_with_the_factor(tmp_path, scale, says):
    path = tmp_path / "scaled.wav"
    sound = tone(16_000)[:, 0] * np.float32(0.3 / np.abs(tone(16_000)).max())
    soundfile.write(path, sound * scale, 16_000, subtype="FLOAT")
    refused(path, says)
    np.testing.assert_allclose(read_audio(path, gain=1 / scale).samples, sound, atol=1e-6)


def test_channels_that_cancel_give_the_loudest_and_a_remark(tmp_path):
    mono = tone(16_000)[:, 0]
    path = tmp_path / "antiphase.flac"
    soundfile.write(path, np.stack([0.5 * mono, -mono], axis=1), 16_000)
    audio = read_audio(path)
    np.testing.assert_allclose(audio.samples, -mono, atol=1e-4)
    assert audio.remarks == ("its 2 channels cancel each other; channel 2, the loudest, was taken",)
    for other in (mono, 0 * mono, np.random.default_rng(1).standard_normal(len(mono)) * 0.1):
        soundfile.write(path, np.stack([mono, other], axis=1), 16_000)
        found = read_audio(path)
        np.testing.assert_allclose(found.samples, (mono + other) / 2, atol=1e-4)
        assert not found.remarks


def test_a_telephone_s_band_and_a_low_level_are_remarked_on(tmp_path):
    path = tmp_path / "call.wav"
    soundfile.write(path, tone(8_000)[:, 0], 8_000)
    assert "sampled at 8000 Hz" in " ".join(read_audio(path).remarks)
    soundfile.write(path, 1e-3 * tone(16_000)[:, 0], 16_000, subtype="FLOAT")
    assert "very quiet (active level -7" in " ".join(read_audio(path).remarks)
    soundfile.write(path, np.zeros(16_000), 16_000)
    assert "digital silence" in " ".join(read_audio(path).remarks)


def test_too_long(tmp_path):
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros(16_000 * 7), 16_000)
    refused(path, r"0\.117 minutes; at most 0\.1 \(--max-minutes\)", max_minutes=0.1)
    assert read_audio(path, max_minutes=0.12).duration_ms == 7_000


def test_rates_that_are_no_rate():
    with pytest.raises(InputError, match="sample rate 0"):
        Resampler(0)


def test_sound_that_would_take_more_memory_than_may_be_taken_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros(32_000, np.float32), 16_000)
    monkeypatch.setenv("AZSIM_MAX_MEMORY", "250K")
    with pytest.raises(InputError, match=r"long\.wav: 0\.0333 minutes of sound would take 293 KiB of memory; at most"):
        read_audio(path)
    monkeypatch.setenv("AZSIM_MAX_MEMORY", "300K")
    assert read_audio(path).duration_ms == 2_000
