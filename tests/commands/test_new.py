"""A folder to start from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from azsim.cli import main
from azsim.compare.experiment import load_experiment, music_of, speech_of
from azsim.compare.runner import make_setup
from azsim.devices.loader import load_device
from azsim.resources import shipped


def made(folder: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.chdir(folder)
    return main(["new", *words])


def test_what_is_written_runs_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert made(tmp_path, monkeypatch, "mine") == 0
    monkeypatch.chdir("/")
    folder = tmp_path / "mine"
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "device.toml", "experiment.toml"]
    setup = make_setup(*load_experiment(folder / "experiment.toml"), limit=1)
    assert setup.experiment.name == "mine"
    assert setup.device.name == "mine-device"
    assert setup.music is not None
    base = load_device("az1")
    assert setup.device.chip.sram.bytes == 2 * base.chip.sram.bytes
    assert setup.device.cpu == base.cpu
    assert len((folder / "README.md").read_text().splitlines()) == 3
    ours, theirs = (load_experiment(path)[0] for path in (folder / "experiment.toml", None))
    assert ours.configuration == theirs.configuration


def test_the_shipped_experiment_may_be_copied_anywhere(tmp_path: Path) -> None:
    for name in ("compression/compression.toml", "sharing/companions.toml"):
        copy = tmp_path / "copy.toml"
        copy.write_bytes(shipped("experiments", name).read_bytes())
        for place in (shipped("experiments", name), copy):
            experiment, path = load_experiment(place)
            assert speech_of(experiment, path) == shipped("experiments", "speech/manifest.csv")
            assert music_of(experiment, path) == shipped("experiments", "music/track.ogg")
        assert make_setup(experiment, path, limit=1).utterances


def test_nothing_is_overwritten_and_what_is_missing_is_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert made(tmp_path, monkeypatch, "mine", "--json") == 0
    assert json.loads(capsys.readouterr().out)["written"] == ["experiment.toml", "device.toml", "README.md"]
    (tmp_path / "mine" / "device.toml").unlink()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    assert made(tmp_path, monkeypatch, "mine", "--json") == 0
    assert json.loads(capsys.readouterr().out)["written"] == ["device.toml"]
    (tmp_path / "mine" / "experiment.toml").write_text("changed")
    (tmp_path / "mine" / "README.md").unlink()
    assert made(tmp_path, monkeypatch, "mine") == 2
    assert "mine/experiment.toml: exists already; it is not overwritten" in capsys.readouterr().err
    assert (tmp_path / "mine" / "experiment.toml").read_text() == "changed"
    assert not (tmp_path / "mine" / "README.md").exists()


@pytest.mark.parametrize("name", ["a b", "", "-x", ".", "a/b", "x" * 60, "ü", "file", "link"])
def test_a_name_that_cannot_be_is_refused_in_one_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "here").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    folder = tmp_path / "here of spaces"
    folder.mkdir()
    monkeypatch.chdir(folder if name in ("", ".") else tmp_path)
    try:
        status = main(["new", name])
    except SystemExit as ended:  # argparse takes a word that begins with a dash for an option
        status = ended.code
    assert status == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "here", "here of spaces", "link"]
    assert not list(folder.iterdir())


def test_without_a_name_it_has_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert made(tmp_path, monkeypatch) == 0
    assert (tmp_path / "my-experiment" / "experiment.toml").is_file()
