"""Encoded sound packet by packet: exact lengths, and files that are cut or damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from azsim.errors import InputError
from azsim.speech.packets import CONTAINERS, EncodedSound, beyond_libsndfile
from tests.speech.encoded import RATE_HZ, encode, tone

SAMPLES = 96_000
KINDS = {
    "tone.mp3": ("libmp3lame", "mp3"),
    "tone.opus": ("libopus", "ogg"),
    "tone.mka": ("libopus", "matroska"),
    "lame.mka": ("libmp3lame", "matroska"),
    "tone.webm": ("libopus", "webm"),
    "tone.m4a": ("aac", "ipod"),
    "tone.aac": ("aac", "adts"),
    "tone.flac": ("flac", "flac"),
    "tone.wav": ("pcm_s16le", "wav"),
    "tone.aiff": ("pcm_s16be", "aiff"),
}
UNTOLD_PADDING = ("tone.aac", "lame.mka")
"""An ADTS stream does not say what its encoder put in front and behind; in Matroska, FFmpeg before 8.1 heeds it for
Opus alone."""


def made(folder: Path, name: str, samples: int = SAMPLES, **options: str) -> Path:
    return encode(folder / name, tone(samples), *KINDS[name], **options)


def read(path: Path) -> list[tuple[int, np.ndarray]]:
    with EncodedSound(path, "a recording") as sound:
        return [(packet.size_bytes, packet.sound()) for packet in sound.packets()]


@pytest.mark.parametrize("samples", [SAMPLES, 48_000, 4_848, 4_801])
@pytest.mark.parametrize("name", [name for name in KINDS if name not in UNTOLD_PADDING])
def test_it_plays_as_many_samples_as_went_in_and_they_stand_where_they_stood(
    tmp_path: Path, name: str, samples: int
) -> None:
    if name == "tone.m4a" and samples % 48:
        pytest.skip("FFmpeg before 8 writes the length of an MP4 in whole milliseconds")
    packets = read(made(tmp_path, name, samples))
    sound = np.concatenate([part for _, part in packets])
    assert sound.shape == (samples, 2)
    assert all(len(part) for _, part in packets)
    middle = slice(samples // 4, samples // 2)
    shifts = range(-8, 9)
    errors = [np.abs(np.roll(sound, -shift, axis=0)[middle] - tone(samples)[middle]).mean() for shift in shifts]
    assert abs(shifts[int(np.argmin(errors))]) <= 1


@pytest.mark.parametrize("name", UNTOLD_PADDING)
def test_what_a_stream_does_not_tell_is_played(tmp_path: Path, name: str) -> None:
    sound = sum(len(part) for _, part in read(made(tmp_path, name)))
    assert SAMPLES <= sound <= SAMPLES + 3 * 1024


@pytest.mark.parametrize("name", KINDS)
def test_a_file_cut_anywhere_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    whole = made(tmp_path, name).read_bytes()
    path = tmp_path / f"cut-{name}"
    for length in np.linspace(len(whole) // 8, len(whole) * 7 // 8, 12).astype(int):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError) as error:
            read(path)
        assert str(error.value).startswith(f"{path}: ")
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["tone.opus", "tone.flac", "tone.aac", "tone.m4a"])
def test_damage_is_refused_where_the_format_can_tell(tmp_path: Path, name: str) -> None:
    whole = bytearray(made(tmp_path, name).read_bytes())
    for at in np.random.default_rng(0).integers(len(whole) // 3, len(whole) * 2 // 3, 30):
        whole[at] ^= 0x55
    path = tmp_path / f"damaged-{name}"
    path.write_bytes(whole)
    with pytest.raises(InputError, match=r"damaged or cut short|not a recording"):
        read(path)


def test_an_m4a_whose_index_comes_first_is_cut_too(tmp_path: Path) -> None:
    whole = made(tmp_path, "tone.m4a", movflags="faststart").read_bytes()
    assert whole.index(b"moov") < whole.index(b"mdat")
    (tmp_path / "tone.m4a").write_bytes(whole[: len(whole) * 3 // 4])
    with pytest.raises(InputError, match=r"cut short"):
        read(tmp_path / "tone.m4a")


@pytest.mark.parametrize("name", KINDS)
def test_a_file_is_known_by_its_first_bytes(tmp_path: Path, name: str) -> None:
    assert beyond_libsndfile(made(tmp_path, name)) == (Path(name).suffix in (".m4a", ".aac", ".mka", ".webm"))


def test_a_playlist_leads_nowhere(tmp_path: Path) -> None:
    made(tmp_path, "tone.aac")
    for name, text in (
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:2,\ntone.aac\n#EXT-X-ENDLIST\n"),
        ("list.ffconcat", "ffconcat version 1.0\nfile tone.aac\n"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(InputError, match="not a recording that can be read"):
            EncodedSound(tmp_path / name, "a recording")
    assert not {"hls", "concat"} & set(CONTAINERS)


def test_any_name_that_the_system_allows(tmp_path: Path) -> None:
    for name in ("concat:a|b.m4a", "http:tone.m4a", "a b%20#?.m4a"):
        assert sum(len(part) for _, part in read(encode(tmp_path / name, tone(4_800), "aac", "ipod"))) == 4_800


def test_sound_in_samples_of_every_kind(tmp_path: Path) -> None:
    for codec in ("pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le"):
        path = encode(tmp_path / f"{codec}.wav", tone(4_800), codec, "wav")
        sound = np.concatenate([part for _, part in read(path)])
        assert sound.dtype == np.float32
        np.testing.assert_allclose(sound, tone(4_800), atol=2 / 255 if codec == "pcm_u8" else 2 / 32768)
    assert RATE_HZ == 48_000
