"""Ogg and MP3 recordings that end too early."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from azsim.errors import InputError
from azsim.speech.audio import read_audio
from azsim.speech.cut_short import mp3_cut_short, ogg_cut_short

KINDS = [("OGG", "VORBIS", 16_000, 1), ("OGG", "OPUS", 48_000, 2)]
KINDS += [("MP3", "MPEG_LAYER_III", rate_hz, channels) for rate_hz in (8_000, 16_000, 44_100) for channels in (1, 2)]


def written(kind: str, subtype: str, rate_hz: int, channels: int) -> bytes:
    stream = io.BytesIO()
    noise = 0.1 * np.random.default_rng(0).standard_normal((2 * rate_hz, channels))
    soundfile.write(stream, noise, rate_hz, format=kind, subtype=subtype)
    return stream.getvalue()


@pytest.mark.parametrize(("kind", "subtype", "rate_hz", "channels"), KINDS)
def test_a_whole_file_is_whole_and_any_part_of_it_is_not(kind: str, subtype: str, rate_hz: int, channels: int) -> None:
    whole = written(kind, subtype, rate_hz, channels)
    missing = ogg_cut_short if kind == "OGG" else mp3_cut_short
    assert missing(whole) == ""
    for length in np.linspace(len(whole) // 8, len(whole) - 1, 40).astype(int):
        assert missing(whole[:length]), length


def test_ogg_that_ends_between_two_pages() -> None:
    whole = written(*KINDS[0])
    assert ogg_cut_short(whole[: whole.rindex(b"OggS")]) == "its last page is not marked as the end of the stream"
    assert ogg_cut_short(whole + b"a tag that someone appended") == ""


def test_ogg_with_a_flipped_bit_anywhere() -> None:
    whole = written(*KINDS[0])
    for at in np.linspace(0, len(whole) - 1, 40).astype(int):
        damaged = bytearray(whole)
        damaged[at] ^= 4
        assert ogg_cut_short(bytes(damaged)), at


def test_mp3_with_foreign_bytes_between_two_frames() -> None:
    whole = written("MP3", "MPEG_LAYER_III", 16_000, 1)
    frame = whole.index(whole[:2], len(whole) // 2)
    said = mp3_cut_short(whole[:frame] + bytes(2000) + whole[frame:])
    assert said == f"bytes {frame} to {frame + 1999} are no frame of it"


def test_mp3_whose_header_promises_more_frames() -> None:
    whole = written("MP3", "MPEG_LAYER_III", 44_100, 1)
    at = max(whole.find(b"Xing"), whole.find(b"Info"))
    assert at > 0
    promised = int.from_bytes(whole[at + 8 : at + 12], "big") + 5
    more = whole[: at + 8] + promised.to_bytes(4, "big") + whole[at + 12 :]
    assert mp3_cut_short(more) == f"its header promises {promised} frames, there are {promised - 5}"


def test_mp3_with_tags_around_it() -> None:
    whole = written("MP3", "MPEG_LAYER_III", 16_000, 1)
    before = b"ID3\x04\x00\x00" + bytes([0, 0, 1, 0]) + bytes(128)
    assert mp3_cut_short(before + whole + b"TAG" + bytes(125)) == ""


def test_what_has_no_frames_is_left_to_the_reader() -> None:
    assert mp3_cut_short(b"") == mp3_cut_short(bytes(1000)) == ""
    assert ogg_cut_short(b"") == "its last page is not marked as the end of the stream"


def test_what_the_mp3_decoder_says_is_not_heard(tmp_path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "noise.mp3"
    path.write_bytes(np.random.default_rng(3).bytes(50_000))
    with pytest.raises(InputError, match=r"noise\.mp3: not a readable recording: Format not recognised"):
        read_audio(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("kind", ["ogg", "mp3"])
def test_reading_refuses_it_and_names_the_file(tmp_path, kind: str) -> None:
    whole = written(*(KINDS[0] if kind == "ogg" else KINDS[-1]))
    path = tmp_path / f"cut.{kind}"
    path.write_bytes(whole)
    assert read_audio(path).duration_ms in range(1_990, 2_130)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=rf"cut\.{kind}: damaged or cut short: its last (page|frame) is cut"):
        read_audio(path)
