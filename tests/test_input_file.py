"""Files that the user names: what is none is refused before it is opened."""

from __future__ import annotations

import builtins
import errno
import os
from pathlib import Path

import pytest

from azsim.compare.speech_set import read_manifest
from azsim.compress.stored import load_network
from azsim.errors import InputError
from azsim.input_file import check_input_file
from azsim.matrices import read_matrices
from azsim.soc.music import load_music
from azsim.speech.audio import read_audio
from azsim.toml import read_toml


def test_a_file_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "it"
    path.write_bytes(b"")
    check_input_file(path, "anything")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("none", "no such file"),
        (".", "is a folder"),
        ("x" * 300, "cannot be read: File name too long"),
        ("a\0b", "no name of a file"),
    ],
)
def test_what_is_no_file_is_refused(tmp_path: Path, name: str, says: str) -> None:
    with pytest.raises(InputError, match=rf"{says}.*; a list is needed"):
        check_input_file(tmp_path / name, "a list")


@pytest.mark.parametrize("read", [read_audio, read_toml, read_manifest, load_music, load_network, read_matrices])
def test_a_file_that_may_not_be_read_is_not_called_missing(tmp_path: Path, monkeypatch, read) -> None:
    path = tmp_path / "it.wav"
    path.write_bytes(b"RIFF")
    opened = builtins.open

    def refuse(name, *rest, **named):
        if Path(os.fsdecode(name)) == path:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return opened(name, *rest, **named)

    monkeypatch.setattr(builtins, "open", refuse)
    with pytest.raises(InputError, match=r"it\.wav: cannot be read: Permission denied; .* is needed"):
        read(path)


@pytest.mark.skipif(os.name != "posix", reason="needs symbolic links")
def test_a_link_to_itself_is_not_called_missing(tmp_path: Path) -> None:
    (tmp_path / "it").symlink_to("it")
    with pytest.raises(InputError, match="it: cannot be read: Too many levels"):
        check_input_file(tmp_path / "it", "a list")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
@pytest.mark.parametrize(
    ("read", "name"),
    [
        (read_audio, "it.wav"),
        (read_toml, "it.toml"),
        (read_manifest, "it.csv"),
        (load_music, "it.ogg"),
        (load_network, "it.safetensors"),
        (read_matrices, "it.npy"),
    ],
)
def test_nothing_waits_for_a_pipe(tmp_path: Path, read, name: str) -> None:
    path = tmp_path / name
    os.mkfifo(path)
    with pytest.raises(InputError, match=rf"{name}: is a pipe or a device; .* is needed"):
        read(path)
