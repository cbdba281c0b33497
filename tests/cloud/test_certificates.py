"""Certificates are made once, whole, for their owner alone."""

from __future__ import annotations

import ssl
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from azsim.cloud.certificates import AUTHORITY, DEVICE, SERVER, certificates
from azsim.errors import InputError, WorkError


def test_they_are_made_when_first_needed_and_kept(tmp_path: Path):
    folder = tmp_path / "a" / "keys"
    made = certificates(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(before) == {AUTHORITY, SERVER, DEVICE}
    assert [stat.S_IMODE((folder / name).stat().st_mode) for name in (SERVER, DEVICE)] == [0o600, 0o600]
    assert b"PRIVATE" not in before[AUTHORITY]
    assert certificates(folder) == made
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["keys"]


def test_of_many_at_a_time_one_makes_them(tmp_path: Path):
    folder = tmp_path / "keys"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: certificates(folder), range(8)))
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]
    certificates(folder).server_context()


def test_contexts_speak_tls_1_3_and_nothing_older(tmp_path: Path):
    found = certificates(tmp_path / "keys")
    for context in (found.server_context(), found.device_context()):
        assert context.minimum_version == ssl.TLSVersion.TLSv1_3
        assert context.verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize("name", [AUTHORITY, SERVER, DEVICE])
def test_what_is_missing_or_damaged_is_named(tmp_path: Path, name: str):
    folder = tmp_path / "keys"
    found = certificates(folder)
    (folder / name).write_bytes(b"no certificate")
    with pytest.raises(InputError, match=f"{folder}.*damaged; remove the folder"):
        (found.device_context if name == DEVICE else found.server_context)()
    (folder / name).unlink()
    with pytest.raises(InputError, match=f"{name}: missing"):
        certificates(folder)


def test_a_file_in_the_folders_place_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="missing"):
        certificates(tmp_path / "file")
    with pytest.raises((InputError, WorkError), match="file"):
        certificates(tmp_path / "file" / "keys")
