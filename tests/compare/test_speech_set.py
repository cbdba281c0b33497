"""Manifests of recordings: what is read, what is refused, which ends of speech are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from azsim.compare.speech_set import load_speech, spread
from azsim.errors import InputError
from azsim.speech.audio import read_audio
from azsim.speech.features import LogMel, log_mel


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for name in ("a.wav", "b.wav"):
        sound = np.concatenate([rng.normal(0, 0.1, 8000), rng.normal(0, 1e-4, 8000)]).astype(np.float32)
        soundfile.write(tmp_path / name, sound, 16000)
    return tmp_path


def manifest(folder: Path, text: str) -> Path:
    path = folder / "set.csv"
    path.write_text(text)
    return path


def test_known_and_estimated_ends_of_speech_are_told_apart(folder: Path) -> None:
    path = manifest(folder, "file,transcript,speech_end_ms,speaker\na.wav,Turn  it on,490,s1\nb.wav,stop,,s2\n")
    known, estimated = load_speech(path)
    assert (known.bounds.end_ms, known.bounds.estimated) == (490, False)
    assert estimated.bounds.estimated
    assert estimated.bounds.end_ms is None or abs(estimated.bounds.end_ms - 500) <= 60
    assert known.reference == "turn it on"
    assert known.columns["speaker"] == "s1"
    assert known.features.shape == (98, 64)


def test_the_start_of_speech_is_the_manifests(folder: Path) -> None:
    path = manifest(folder, "file,transcript,speech_start_ms\na.wav,on,120\nb.wav,off,\n")
    assert load_speech(path)[0].bounds.start_ms == 120


def test_groups_come_from_the_manifest(folder: Path) -> None:
    path = manifest(folder, "file,transcript,unseen_voice,engine\na.wav,on,0,flite\nb.wav,off,1,festival\n")
    assert [utterance.group for utterance in load_speech(path)] == ["seen voices", "unseen voices, festival"]


def test_a_row_without_words_stays_whatever_stands_for_them(folder: Path) -> None:
    path = manifest(folder, "file,transcript\na.wav,on\nb.wav,\na.wav,...\n")
    assert [utterance.reference for utterance in load_speech(path)] == ["on", "", "..."]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("path,transcript\na.wav,on\n", "no column 'file'"),
        ("file,transcript\na.wav,\n", "no row has a transcript with words"),
        ("file,transcript\na.wav,on\nc.wav,on\n", r"set\.csv: line 3: .*c\.wav: no such file"),
        ('file,transcript\na.wav,"on\n', "not a CSV file in UTF-8: unexpected end of data"),
        ("file,transcript,speech_end_ms\na.wav,on,soon\n", r"speech_end_ms = 'soon'"),
        ("file,transcript,speech_end_ms\na.wav,on,inf\n", r"speech_end_ms = 'inf': must be 0 to 1000"),
        ("transcript,file\non\n", r"line 2: must have 2 fields"),
        ("file,transcript\na.wav,on, off\n", r"line 2: must have 2 fields"),
        ("file,transcript\na.wav,...\n", "no row has a transcript with words"),
        ("file,transcript\na.wav,on\nmissing.wav,\n", r"line 3: .*missing\.wav: no such file"),
        ("file,transcript\n,on\n", r"line 2: file: must name a recording"),
        ("file,transcript,file\na.wav,on,b.wav\n", r"set\.csv: column 'file': stands twice in the header"),
        ("file,transcript,speaker,speaker\na.wav,on,x,y\n", r"column 'speaker': stands twice"),
        ("file,transcript,group\nb.wav,on,x\na.wav,on,all\n", r"line 3: group = 'all': stands for all groups"),
        ("file,transcript,speech_start_ms,speech_end_ms\na.wav,on,900,100\n", r"speech_end_ms = 100: must be after"),
        ("file,transcript,speech_start_ms\na.wav,on,-1\n", r"speech_start_ms = '-1': must be 0 to 1000"),
    ],
)
def test_a_wrong_manifest_is_refused(folder: Path, text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        load_speech(manifest(folder, text))


def test_a_long_recording_is_never_held_whole(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = (0.1 * np.random.default_rng(3).standard_normal((16_000 * 40, 2))).astype(np.float32)
    soundfile.write(folder / "long.flac", sound, 16_000)
    path = manifest(folder, "file,transcript\nlong.flac,on\n")
    sizes: list[int] = []
    feed = LogMel.feed
    monkeypatch.setattr(LogMel, "feed", lambda self, block: (sizes.append(len(block)), feed(self, block))[1])
    (found,) = load_speech(path)
    assert max(sizes) <= 65_536 < sum(sizes) == 16_000 * 40
    whole = read_audio(folder / "long.flac").samples
    np.testing.assert_array_equal(found.features, log_mel(whole))
    np.testing.assert_array_equal(found.envelope, np.abs(whole).reshape(-1, 160).max(axis=1))


def test_a_few_utterances_are_spread_over_all() -> None:
    assert spread(list(range(10)), 4) == [0, 3, 6, 9]
    assert spread([1, 2], 5) == [1, 2]
