"""A report folder is whole, or not there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from azsim.errors import InputError, WorkError
from azsim.report import write
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


def test_an_older_report_is_replaced_whole(tmp_path: Path, comparison: Comparison, one_recording: Comparison) -> None:
    folder = write_report(comparison, tmp_path / "r")
    (folder / "stale.txt").write_text("old")
    write_report(one_recording, folder)
    assert "words.csv" in names(folder)
    assert "stale.txt" not in names(folder)
    assert names(tmp_path) == {"r"}


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
    monkeypatch.setattr(write.os, "access", lambda path, mode: False)
    with pytest.raises(InputError, match="cannot be written"):
        check_out_dir(tmp_path / "out")


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError(28, "No space left on device")])
@pytest.mark.parametrize("place", ["_page", "_swap"])
def test_a_failure_midway_leaves_what_was_there(
    failure: BaseException, place: str, tmp_path: Path, comparison: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report(comparison, tmp_path / "old")
    before = (tmp_path / "old" / "index.html").read_bytes()

    def fail(*arguments: object) -> str:
        raise failure

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
    with pytest.raises(InputError, match="is a link that leads to itself"):
        check_out_dir(loop)
