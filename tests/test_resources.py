"""The resolver: shipped things and devices by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from azsim.errors import InputError
from azsim.resources import data_file, device_file, model_file, model_names, shipped, shipped_root


def test_what_is_shipped_is_found() -> None:
    for kind, name in (("experiments", "compression/compression.toml"), ("experiments", "speech/manifest.csv")):
        assert shipped(kind, name).is_file()
    assert (shipped_root() / "models").is_dir()
    assert device_file("az1").is_file()
    assert model_file("rnnt-student").is_file()


def test_a_wrong_name_lists_what_there_is_and_offers_the_nearest() -> None:
    with pytest.raises(InputError, match=r"experiments/music/trak\.ogg: not shipped .* did you mean 'track\.ogg'"):
        shipped("experiments", "music/trak.ogg")
    with pytest.raises(InputError, match=r"experiments/musik/track\.ogg: not shipped .* did you mean 'music'"):
        shipped("experiments", "musik/track.ogg")
    with pytest.raises(InputError, match=r"device 'az': not known; there are az1, az2"):
        device_file("az")
    with pytest.raises(InputError, match=r"models/rnnt-studnt: not shipped .* did you mean 'rnnt-student'"):
        model_file("rnnt-studnt")


def test_a_folder_without_a_network_is_no_model() -> None:
    assert (shipped_root() / "models" / "recipes").is_dir()
    assert "recipes" not in model_names()
    with pytest.raises(InputError, match=r"models/recipes: not shipped with azsim; there are .*rnnt-"):
        model_file("recipes")


def test_a_file_of_data_is_there_or_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.txt").write_text("a")
    monkeypatch.setenv("AZSIM_DATA", str(tmp_path))
    assert data_file("text/a.txt") == tmp_path / "text" / "a.txt"
    assert data_file("text") is None
    assert data_file("text/b.txt") is None
    monkeypatch.delenv("AZSIM_DATA")
    assert data_file("text/a.txt") is None
    monkeypatch.chdir(tmp_path)
    assert data_file("text/a.txt") is None
