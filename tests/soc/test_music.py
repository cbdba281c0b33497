"""Reading a track: what the packets say, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from azsim.errors import InputError
from azsim.soc.music import load_music
from tests.soc.cases import device

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
    assert track.seconds == pytest.approx(2.0, abs=0.05)
    assert 0 < track.packet_bytes.sum() <= path.stat().st_size
    assert (track.packet_samples > 0).all()
    assert (track.decode_mhz(device().music_decode) == 0) == (codec == "pcm")


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
    with pytest.raises(InputError, match=r"no audio packets|not a music"):
        load_music(path)
