"""Signed envelopes and keys."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path
from shutil import which

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from azsim import output_file
from azsim.compress.update.make import make_update
from azsim.compress.update.manifest import load_private_key, load_public_key, open_update, sha256, write_keys
from azsim.errors import CodecError, InputError, WorkError


def test_the_manifest_says_what_comes_out_of_what(images: tuple[bytes, bytes], key: Ed25519PrivateKey) -> None:
    old, new = images
    manifest, payload = open_update(make_update(new, version=3, key=key, old=old), key.public_key())
    assert (manifest.version, manifest.kind, manifest.model) == (3, "delta", "random-8")
    assert (manifest.old_sha256, manifest.new_sha256) == (sha256(old), sha256(new))
    assert (manifest.new_bytes, manifest.payload_bytes) == (len(new), len(payload))


def test_every_flip_cut_and_lengthening_is_refused(images: tuple[bytes, bytes], key: Ed25519PrivateKey) -> None:
    update = make_update(images[1], version=3, key=key, old=images[0])
    rng = np.random.default_rng(3)
    for at in np.unique(np.concatenate([np.arange(600), rng.integers(0, len(update), 600)])).tolist():
        broken = bytearray(update)
        broken[at] ^= 1 << int(rng.integers(8))
        with pytest.raises(InputError):
            open_update(bytes(broken), key.public_key())
    for cut in [*range(600), len(update) - 1]:
        with pytest.raises(InputError):
            open_update(update[:cut], key.public_key())
    with pytest.raises(CodecError, match="lengthened"):
        open_update(update + b"\0", key.public_key())


def test_the_signature_of_somebody_else_is_refused(images: tuple[bytes, bytes], key: Ed25519PrivateKey) -> None:
    update = make_update(images[1], version=3, key=Ed25519PrivateKey.generate())
    with pytest.raises(InputError, match="signature does not match"):
        open_update(update, key.public_key())


def test_keys_are_written_once_and_for_their_owner(tmp_path: Path) -> None:
    public = write_keys(tmp_path / "release.pem")
    assert public.name == "release.pub.pem"
    assert stat.S_IMODE((tmp_path / "release.pem").stat().st_mode) == 0o600
    assert load_private_key(tmp_path / "release.pem").public_key() == load_public_key(public)
    with pytest.raises(InputError, match="not overwritten"):
        write_keys(tmp_path / "release.pem")
    with pytest.raises(InputError, match="must hold an Ed25519 public key"):
        load_public_key(tmp_path / "release.pem")
    with pytest.raises(InputError, match="must hold an Ed25519 private key"):
        load_private_key(public)


@pytest.mark.parametrize("there", ["release.pem", "release.pub.pem"])
def test_a_key_pair_is_there_whole_or_not_at_all(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_bytes(b"another's")
    with pytest.raises(InputError, match=rf"{there}: exists already; it is not overwritten"):
        write_keys(tmp_path / "release.pem")
    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_bytes() == b"another's"


def test_a_full_disk_leaves_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for failing in range(4):
        calls, fsync = iter(range(10)), os.fsync

        def full(descriptor: int, calls=calls, failing=failing, fsync=fsync) -> None:
            if next(calls) >= failing:
                raise OSError(28, "No space left on device")
            fsync(descriptor)

        monkeypatch.setattr(output_file.os, "fsync", full)
        with pytest.raises(WorkError, match="No space left on device"):
            write_keys(tmp_path / "release.pem")
        monkeypatch.undo()
        assert list(tmp_path.iterdir()) == []
    write_keys(tmp_path / "release.pem")


@pytest.mark.skipif(which("openssl") is None, reason="openssl is not installed")
def test_openssl_verifies_the_signature_and_its_keys_are_taken(images: tuple[bytes, bytes], tmp_path: Path) -> None:
    secret, public = tmp_path / "k.pem", tmp_path / "k.pub.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(secret)], check=True)
    subprocess.run(["openssl", "pkey", "-in", str(secret), "-pubout", "-out", str(public)], check=True)
    update = make_update(images[1], version=1, key=load_private_key(secret))
    end = 8 + int.from_bytes(update[4:8], "little")
    (tmp_path / "signed").write_bytes(update[:end])
    (tmp_path / "signature").write_bytes(update[end : end + 64])
    done = subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(public), "-rawin", "-in", str(tmp_path / "signed"),
         "-sigfile", str(tmp_path / "signature")], capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert open_update(update, load_public_key(public))[0].version == 1
