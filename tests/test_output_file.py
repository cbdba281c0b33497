"""Files are written whole or not at all, and nothing else is touched."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from azsim.errors import InputError, WorkError
from azsim.output_file import TEMPORARY, check_output_file, replacing, sweep, write_output_file

posix = pytest.mark.skipif(os.name != "posix", reason="links, pipes and permissions as POSIX has them")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_there_at_the_end_and_not_before(tmp_path: Path) -> None:
    with replacing(tmp_path / "a") as file:
        file.write(b"half")
        file.flush()
        (only,) = names(tmp_path)
        assert TEMPORARY.fullmatch(only)
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"half"


@pytest.mark.parametrize("failure", [KeyboardInterrupt, ValueError, InputError])
def test_an_older_file_stays_if_the_work_fails(tmp_path: Path, failure: type[BaseException]) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"new"
        raise failure

    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(failure):
        write_output_file(tmp_path / "a", pieces())
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_the_older_file_gives_its_permissions(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "a").chmod(0o640)
    write_output_file(tmp_path / "a", [b"n", b"ew"])
    assert (tmp_path / "a").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


@posix
def test_a_new_file_has_the_mode_less_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_output_file(tmp_path / "a", [b""])
        write_output_file(tmp_path / "secret", [b""], mode=0o600)
    finally:
        os.umask(before)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a", "secret")] == [0o640, 0o600]


def test_without_overwriting_an_older_file_stays(tmp_path: Path) -> None:
    write_output_file(tmp_path / "a", [b"first"], overwrite=False)
    with pytest.raises(InputError, match="a: exists already"):
        write_output_file(tmp_path / "a", [b"second"], overwrite=False)

    def overtaken() -> Iterator[bytes]:
        (tmp_path / "b").write_bytes(b"someone else's")
        yield b"ours"

    with pytest.raises(InputError, match="exists already"):
        write_output_file(tmp_path / "b", overtaken(), overwrite=False)
    assert {name: (tmp_path / name).read_bytes() for name in names(tmp_path)} == {
        "a": b"first", "b": b"someone else's",
    }  # fmt: skip


def test_without_overwriting_where_there_are_no_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    write_output_file(tmp_path / "a", [b"first"], overwrite=False)
    with pytest.raises(InputError, match="exists already"):
        write_output_file(tmp_path / "a", [b"second"], overwrite=False)
    assert (tmp_path / "a").read_bytes() == b"first"
    assert names(tmp_path) == ["a"]


@posix
def test_links_pipes_devices_and_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"precious")
    (tmp_path / "link").symlink_to("victim")
    (tmp_path / "dangling").symlink_to("nothing")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    before = names(tmp_path)
    for name, why in {
        "link": "symbolic link",
        "dangling": "symbolic link",
        "pipe": "a pipe or a device",
        "folder": "is a folder",
        "nowhere/a": "there is no folder",
        "victim/a": "cannot be written: Not a directory",
        "n" * 300: "File name too long",
        "a\0b": "null",
    }.items():
        with pytest.raises(InputError, match=why):
            write_output_file(tmp_path / name, [b"new"])
        with pytest.raises(InputError, match=why):
            check_output_file(tmp_path / name)
    with pytest.raises(InputError, match="a pipe or a device"):
        write_output_file("/dev/null", [b"new"])
    assert names(tmp_path) == before
    assert (tmp_path / "victim").read_bytes() == b"precious"


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may write everywhere")
def test_what_is_write_protected_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "a").chmod(0o444)
    with pytest.raises(InputError, match="write-protected"):
        check_output_file(tmp_path / "a")
    tmp_path.chmod(0o555)
    with pytest.raises(InputError, match="its folder cannot be written"):
        check_output_file(tmp_path / "b")


def test_a_users_own_files_of_like_names_stay(tmp_path: Path) -> None:
    for name in ("a.partial", "a.tmp", ".azsim-mine.tmp", ".azsim-0123456789abcdef"):
        (tmp_path / name).write_bytes(b"the user's")
    write_output_file(tmp_path / "a", [b"new"])
    assert len(names(tmp_path)) == 5


def test_a_name_as_long_as_the_folder_takes_works(tmp_path: Path) -> None:
    write_output_file(tmp_path / ("n" * 255), [b"new"])
    assert names(tmp_path) == ["n" * 255]


@posix
def test_a_full_disk_is_said_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WorkError, match="a: cannot be written: No space left on device"):
        write_output_file(tmp_path / "a", [b"new"])
    assert names(tmp_path) == []


@posix
def test_what_a_killed_process_left_is_swept_and_a_living_ones_stays(tmp_path: Path) -> None:
    script = (
        "import sys, time; from azsim.output_file import replacing\n"
        "with replacing(sys.argv[1]) as file:\n"
        "    file.write(b'half'); file.flush(); print('writing', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script, tmp_path / "a"], stdout=subprocess.PIPE) as writer:
        writer.stdout.readline()
        (being_written,) = names(tmp_path)
        write_output_file(tmp_path / "b", [b"new"])
        assert names(tmp_path) == [being_written, "b"]
        writer.send_signal(signal.SIGKILL)
    assert names(tmp_path) == [being_written, "b"]
    write_output_file(tmp_path / "b", [b"newer"])
    assert names(tmp_path) == ["b"]


@posix
def test_sweeping_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"precious")
    planted = tmp_path / ".azsim-0123456789abcdef.tmp"
    planted.symlink_to("victim")
    sweep(tmp_path)
    assert planted.is_symlink()
    assert (tmp_path / "victim").read_bytes() == b"precious"


def test_many_writers_leave_one_whole_file(tmp_path: Path) -> None:
    script = (
        "import sys; from azsim.output_file import write_output_file\n"
        "for _ in range(40): write_output_file(sys.argv[1], [sys.argv[2].encode() * 5000] * 8)"
    )
    letters = "abcd"
    writers = [subprocess.Popen([sys.executable, "-c", script, tmp_path / "one", letter]) for letter in letters]
    assert [writer.wait() for writer in writers] == [0] * len(letters)
    content = (tmp_path / "one").read_bytes()
    assert content == content[:1] * 40000
    assert names(tmp_path) == ["one"]
