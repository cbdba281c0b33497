from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from azsim.errors import InputError, WorkError
from azsim.resources import shipped_root
from azsim.train.corpus import track
from azsim.train.corpus.track import write_track


def test_shipped_track_is_30_s_of_stereo() -> None:
    path = shipped_root() / "experiments" / "music" / "track.ogg"
    about = soundfile.info(path)
    assert (about.samplerate, about.channels, round(about.duration, 2)) == (48_000, 2, 30.0)
    assert path.stat().st_size == pytest.approx(128_000 / 8 * 30, rel=0.05)


def test_ending_is_checked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ending '\.wma' is not one of \.ogg, \.mp3"):
        write_track(tmp_path / "a.wma", 1)


def test_missing_encoder_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(track, "TRACK_S", 1.0)
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(WorkError, match="ffmpeg is not installed"):
        write_track(tmp_path / "a.ogg", 1)
    assert list(tmp_path.iterdir()) == []


def test_same_seed_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    monkeypatch.setattr(track, "TRACK_S", 1.0)
    for name in ("a.ogg", "b.ogg"):
        write_track(tmp_path / name, 1)
    assert (tmp_path / "a.ogg").read_bytes() == (tmp_path / "b.ogg").read_bytes()
    assert np.abs(soundfile.read(tmp_path / "a.ogg")[0]).max() > 0.5
