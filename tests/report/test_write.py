"""A report folder is whole, or not there."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from azsim.errors import InputError, WorkError
from azsim.report import write
from azsim.report.owned import sealed
from azsim.report.results import Comparison
from azsim.report.write import check_out_dir, write_report

pytestmark = pytest.mark.usefixtures("fast_figures")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_report_holds_all_files(tmp_path: Path, comparison: Comparison) -> None:
    folder = write_report(comparison, tmp_path / "runs" / "first")
    assert names(folder) == {
        "index.html",
        "results.csv",
        "results.json",
        "utterances.csv",
        "manifest.json",
        "trace.json",
        "blank.svg",
        "blank.png",
    }
    assert names(tmp_path / "runs") == {"first"}
    assert json.loads((folder / "manifest.json").read_text())["azsim"] == "0.1.0"


def test_an_older_report_is_replaced_and_nothing_else(
    tmp_path: Path, comparison: Comparison, one_recording: Comparison
) -> None:
    folder = write_report(one_recording, tmp_path / "r")
    (folder / "notes.txt").write_text("mine")
    (folder / "sub").mkdir()
    assert "words.csv" in names(folder)
    write_report(comparison, folder)
    assert names(folder) >= {"notes.txt", "sub", "index.html", "manifest.json"}
    assert "words.csv" not in names(folder), "what the older report had and the new one has not"
    assert (folder / "notes.txt").read_text() == "mine"
    assert names(tmp_path) == {"r"}
    assert not [name for name in names(folder) if name.startswith(".")]
    listed = json.loads((folder / "manifest.json").read_text())
    assert "before" not in listed
    for name, sha256 in listed["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256
    assert set(listed["files"]) == names(folder) - {"notes.txt", "sub", "manifest.json"}


@pytest.mark.parametrize("name", ["results.csv", "index.html", "manifest.json", "blank.svg"])
def test_a_file_that_was_changed_since_is_not_overwritten(name: str, tmp_path: Path, comparison: Comparison) -> None:
    folder = write_report(comparison, tmp_path / "r")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    changed = (folder / name).read_text().replace("0", "1", 1)
    (folder / name).write_text(changed)
    for attempt in (lambda: check_out_dir(folder), lambda: write_report(comparison, folder)):
        with pytest.raises(InputError, match=rf"{name}: was changed since azsim wrote it"):
            attempt()
    assert (folder / name).read_text() == changed
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.name != name} == {
        other: content for other, content in before.items() if other != name
    }


def test_a_file_changed_during_the_work_is_not_overwritten(
    tmp_path: Path, comparison: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_report(comparison, tmp_path / "r")

    def meanwhile(*arguments: object) -> str:
        (folder / "results.csv").write_text("mine")
        return "page"

    monkeypatch.setattr(write, "_page", meanwhile)
    with pytest.raises(InputError, match=r"results\.csv: was changed"):
        write_report(comparison, folder)
    assert (folder / "results.csv").read_text() == "mine"


def test_a_removed_file_is_written_again(tmp_path: Path, comparison: Comparison) -> None:
    folder = write_report(comparison, tmp_path / "r")
    (folder / "results.csv").unlink()
    assert "results.csv" in names(write_report(comparison, folder))


@pytest.mark.parametrize("name", ["words.csv", "latency.png"])
def test_somebody_elses_file_of_a_reports_name_is_refused(name: str, tmp_path: Path, comparison: Comparison) -> None:
    folder = write_report(comparison, tmp_path / "r")
    (folder / name).write_text("mine")
    with pytest.raises(InputError, match="is not azsim's"):
        check_out_dir(folder)
    assert (folder / name).read_text() == "mine"


@pytest.mark.parametrize("manifest", ['{"azsim": "0.1.0"}', '{"azsim": "0.2.0", "files": {"a": "b"}}', "{}", "["])
def test_a_manifest_alone_makes_no_report(manifest: str, tmp_path: Path, comparison: Comparison) -> None:
    """Any folder whose manifest has a key ``azsim`` used to be emptied."""
    (tmp_path / "thesis.tex").write_text("x")
    (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(InputError, match=r"not a report of azsim|did not list its files|was changed since"):
        write_report(comparison, tmp_path)
    assert names(tmp_path) == {"thesis.tex", "manifest.json"}


def test_a_manifest_that_names_files_elsewhere_reaches_none(tmp_path: Path, comparison: Comparison) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    folder = tmp_path / "r"
    folder.mkdir()
    for name in ("../victim", str(victim)):
        forged = sealed({"azsim": "0.2.0"}, {name: b"precious"})
        (folder / "manifest.json").write_bytes(forged)
        with pytest.raises(InputError, match="was changed since"):
            write_report(comparison, folder)
    assert victim.read_bytes() == b"precious"


def test_links_are_not_followed(tmp_path: Path, comparison: Comparison) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "link").symlink_to(elsewhere)
    with pytest.raises(InputError, match="is a symbolic link"):
        write_report(comparison, tmp_path / "link")
    folder = write_report(comparison, tmp_path / "r")
    content = (folder / "results.csv").read_bytes()
    (tmp_path / "victim").write_bytes(content)
    (folder / "results.csv").unlink()
    (folder / "results.csv").symlink_to(tmp_path / "victim")
    with pytest.raises(InputError, match=r"results\.csv: was changed"):
        write_report(comparison, folder)
    assert (tmp_path / "victim").read_bytes() == content
    assert names(write_report(comparison, tmp_path / "link" / ".." / "fine")) >= {"index.html"}


@pytest.mark.parametrize("stopped", range(1, 12))
def test_a_kill_while_a_report_is_replaced_leaves_every_file_owned(
    stopped: int, tmp_path: Path, comparison: Comparison, one_recording: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_report(one_recording, tmp_path / "r")
    real, renamed = os.replace, []

    class Killed(BaseException):
        pass

    def replace_some(source: Path, place: Path) -> None:
        if len(renamed) >= stopped:
            raise Killed
        renamed.append(place)
        real(source, place)

    monkeypatch.setattr(os, "replace", replace_some)
    try:
        write_report(comparison, folder)
    except Killed:
        assert stopped < 10
    monkeypatch.setattr(os, "replace", real)
    assert folder / "manifest.json" == renamed[0]
    for path in folder.iterdir():
        assert path.stat().st_size > 0
    write_report(comparison, folder)
    assert set(json.loads((folder / "manifest.json").read_text())["files"]) == names(folder) - {"manifest.json"}


def test_an_empty_volume_is_taken_as_it_is(tmp_path: Path, comparison: Comparison) -> None:
    """The root of a mounted file system cannot be renamed, and may hold ``lost+found``."""
    volume = tmp_path / "volume"
    (volume / "lost+found").mkdir(parents=True)
    inode = volume.stat().st_ino
    write_report(comparison, volume)
    write_report(comparison, volume)
    assert volume.stat().st_ino == inode
    assert names(tmp_path) == {"volume"}
    assert "lost+found" in names(volume)


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounting needs root on Linux")
def test_a_mount_point_is_a_folder_like_any_other(tmp_path: Path, comparison: Comparison) -> None:
    place = tmp_path / "mounted"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "none", str(place)], capture_output=True, check=False).returncode:
        pytest.skip("this container may not mount")
    try:
        for _ in range(2):
            assert "index.html" in names(write_report(comparison, place))
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("name", ["x" * 300, "\0", "a/" * 2100 + "b"])
def test_names_that_cannot_be_are_found_out_before_the_work(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written here"):
        check_out_dir(tmp_path / name)
    assert names(tmp_path) == set()
    check_out_dir(tmp_path / ("y" * 255))
    assert names(tmp_path) == set()


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="is a pipe or a device"):
        check_out_dir(tmp_path / "pipe")


def test_matplotlib_waits_until_something_is_drawn() -> None:
    code = "import sys, azsim.report.write, azsim.report.table; print('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.strip() == b"False"


def test_an_empty_folder_is_taken(tmp_path: Path, one_recording: Comparison) -> None:
    (tmp_path / "r").mkdir()
    assert "index.html" in names(write_report(one_recording, tmp_path / "r"))


def test_foreign_folders_files_and_places_are_refused(tmp_path: Path, comparison: Comparison) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("x")
    (tmp_path / "file").write_text("x")
    for place, message in (
        (tmp_path / "mine", "not a report of azsim"),
        (tmp_path / "file", "is a file"),
        (tmp_path / "file" / "out", "file is a file"),
    ):
        with pytest.raises(InputError, match=message) as caught:
            write_report(comparison, place)
        assert str(place) in str(caught.value)
        assert "\n" not in str(caught.value)
    assert names(tmp_path) == {"mine", "file"}


def test_a_parent_that_cannot_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(**arguments: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(write.tempfile, "mkstemp", refused)
    with pytest.raises(InputError, match="cannot be written here: Permission denied"):
        check_out_dir(tmp_path / "out" / "deeper")
    assert names(tmp_path) == set()


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError(28, "No space left on device")])
@pytest.mark.parametrize("place", ["_page", "check_unchanged"])
def test_a_failure_midway_leaves_what_was_there(
    failure: BaseException, place: str, tmp_path: Path, comparison: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report(comparison, tmp_path / "old")
    before = (tmp_path / "old" / "index.html").read_bytes()

    def fail(*arguments: object) -> str:
        raise failure

    if place == "check_unchanged":  # before and after the files are written
        real, calls = write.check_unchanged, []

        def fail_the_second_time(*arguments: object) -> None:
            calls.append(1)
            real(*arguments) if len(calls) % 2 else fail()

        monkeypatch.setattr(write, place, fail_the_second_time)
    else:
        monkeypatch.setattr(write, place, fail)
    expected = WorkError if isinstance(failure, OSError) else KeyboardInterrupt
    for target in ("old", "new"):
        with pytest.raises(expected):
            write_report(comparison, tmp_path / target)
    assert names(tmp_path) == {"old"}
    assert (tmp_path / "old" / "index.html").read_bytes() == before


def test_a_link_that_leads_to_itself_is_refused(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(InputError, match="is a symbolic link"):
        check_out_dir(loop)
    with pytest.raises(InputError, match=r"link that leads to itself|symbolic links"):
        check_out_dir(loop / "out")
