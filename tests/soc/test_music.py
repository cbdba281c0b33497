"""Reading a track: what the packets say, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from azsim.errors import InputError
from azsim.soc.music import decode_music, load_music
from tests.soc.cases import device
from tests.speech.encoded import RATE_HZ, encode, tone

FORMATS = [
    ("tone.ogg", "OGG", "VORBIS", "vorbis"),
    ("tone.mp3", "MP3", "MPEG_LAYER_III", "mp3"),
    ("tone.flac", "FLAC", "PCM_16", "flac"),
    ("tone.wav", "WAV", "PCM_16", "pcm"),
    ("tone.opus.ogg", "OGG", "OPUS", "opus"),
]


@pytest.mark.parametrize(("name", "kind", "subtype", "codec"), FORMATS)
def test_packets_add_up_to_the_track(tmp_path, name, kind, subtype, codec):
    path = tmp_path / name
    time = np.arange(2 * 48000) / 48000
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * np.outer(time, [440, 660])), 48000, format=kind, subtype=subtype)
    track = load_music(path)
    assert (track.codec, track.sample_rate_hz, track.channels) == (codec, 48000, 2)
    assert track.packet_samples.sum() == 2 * 48000
    assert 0 < track.packet_bytes.sum() <= path.stat().st_size
    assert (track.packet_samples > 0).all()
    assert (track.decode_mhz(device().music_decode) == 0) == (codec == "pcm")


ENCODERS = [
    ("tone.mp3", "libmp3lame", "mp3"),
    ("tone.m4a", "aac", "ipod"),
    ("tone.mka", "libopus", "matroska"),
    ("tone.opus", "libopus", "ogg"),
]


@pytest.mark.parametrize(("name", "encoder", "container"), ENCODERS)
def test_what_the_encoder_puts_in_front_and_behind_is_not_played(tmp_path, name, encoder, container):
    path = encode(tmp_path / name, tone(480_000), encoder, container)
    track = load_music(path)
    assert track.packet_samples.sum() == 480_000
    assert track.seconds == 10.0
    assert len(decode_music(path, 16_000)) == 160_000


@pytest.mark.parametrize(("name", "encoder", "container"), ENCODERS)
def test_a_sound_is_where_it_was_in_the_packets_and_in_the_echo(tmp_path, name, encoder, container):
    """A click at 1.25 s: the music is found at its own time, not an encoder's delay later."""
    sound = np.zeros((2 * RATE_HZ, 2), np.float32)
    sound[60_000:60_048] = 0.8
    path = encode(tmp_path / name, sound, encoder, container)
    echo = decode_music(path, 16_000)
    assert abs(int(np.abs(echo).argmax()) / 16_000 - 1.2505) < 0.001


@pytest.mark.parametrize("name", ["tone.ogg", "tone.mp3", "tone.flac", "tone.wav", "tone.m4a"])
@pytest.mark.parametrize("share", [0.4, 0.7, 0.93])
def test_a_track_that_is_cut_short_is_refused(tmp_path, name, share):
    if name == "tone.m4a":
        encode(tmp_path / name, tone(RATE_HZ), "aac", "ipod")
    else:
        soundfile.write(tmp_path / name, tone(RATE_HZ), RATE_HZ)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(len(whole) * share)])
    for read in (load_music, lambda path: decode_music(path, 16_000)):
        with pytest.raises(InputError, match=r"cut short|can be read") as error:
            read(tmp_path / name)
        assert "\n" not in str(error.value)


def test_a_damaged_page_is_refused(tmp_path):
    soundfile.write(tmp_path / "tone.ogg", tone(RATE_HZ), RATE_HZ)
    whole = bytearray((tmp_path / "tone.ogg").read_bytes())
    whole[len(whole) // 2] ^= 1
    (tmp_path / "tone.ogg").write_bytes(whole)
    with pytest.raises(InputError, match="checksum"):
        load_music(tmp_path / "tone.ogg")


def test_tracks_are_equal_if_their_files_are(tmp_path):
    for name, level in (("a.wav", 0.1), ("b.wav", 0.1), ("c.wav", 0.2)):
        soundfile.write(tmp_path / name, np.full(4800, level), 48000)
    a, b, c = (load_music(tmp_path / name) for name in ("a.wav", "b.wav", "c.wav"))
    assert a == b
    assert hash(a) == hash(b)
    assert a != c


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("none.ogg", None, "no such file"),
        ("empty.mp3", b"", "is empty"),
        ("text.ogg", b"words, not music\n" * 40, "not a music"),
    ],
)
def test_what_is_not_music_is_refused_in_one_line(tmp_path, name, data, says):
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(InputError, match=says) as error:
        load_music(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_sound_without_samples_is_refused(tmp_path):
    path = tmp_path / "silent.wav"
    soundfile.write(path, np.zeros(0), 48000)
    with pytest.raises(InputError, match=r"no sound|not a music"):
        load_music(path)
