"""Files that the user names: what is none is refused before it is opened."""

from __future__ import annotations

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
    [("none", "no such file"), (".", "is a folder"), ("x" * 300, "cannot be read")],
)
def test_what_is_no_file_is_refused(tmp_path: Path, name: str, says: str) -> None:
    with pytest.raises(InputError, match=rf"{says}.*; a list is needed"):
        check_input_file(tmp_path / name, "a list")


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
