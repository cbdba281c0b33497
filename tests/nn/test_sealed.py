"""Checkpoints sealed with a digest of all that is in them, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from azsim.errors import InputError, WorkError
from azsim.nn.rnnt.save import save_network
from azsim.nn.sealed import DIGEST_KEY, content_digest, write_sealed

TENSORS = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.array([1, 2], np.int8)}
METADATA = {"azsim": "{}", "note": "x"}


def test_the_digest_is_that_of_the_parts_in_order_of_name() -> None:
    parts = [b"azsim\0{}\0", b"note\0x\0", b"a\0|i1\0(2,)\0", b"\1\2", b"b\0<f4\0(2, 3)\0"]
    parts.append(TENSORS["b"].tobytes())
    assert content_digest(TENSORS, METADATA) == hashlib.sha256(b"".join(parts)).hexdigest()


def test_neither_order_nor_memory_layout_nor_the_digest_itself_matter() -> None:
    digest = content_digest(TENSORS, METADATA)
    turned = dict(reversed([(name, np.asfortranarray(tensor)) for name, tensor in TENSORS.items()]))
    assert content_digest(turned, {DIGEST_KEY: "other", **dict(reversed(METADATA.items()))}) == digest


@pytest.mark.parametrize(
    ("tensors", "metadata"),
    [
        ({**TENSORS, "a": np.array([1, 3], np.int8)}, METADATA),
        ({**TENSORS, "a": np.array([1, 2], np.uint8)}, METADATA),
        ({**TENSORS, "b": TENSORS["b"].reshape(3, 2)}, METADATA),
        ({"b": TENSORS["b"], "c": TENSORS["a"]}, METADATA),
        ({"b": TENSORS["b"]}, METADATA),
        (TENSORS, {**METADATA, "note": "y"}),
        (TENSORS, {"azsim": "{}", "eton": "x"}),
        (TENSORS, {"azsim": "{}"}),
    ],
)
def test_everything_else_does(tensors: dict[str, np.ndarray], metadata: dict[str, str]) -> None:
    assert content_digest(tensors, metadata) != content_digest(TENSORS, METADATA)


def test_views_are_written_as_they_look(tmp_path: Path) -> None:
    whole = np.arange(24, dtype=np.float32).reshape(4, 6)
    digest = write_sealed(tmp_path / "m.safetensors", {"t": whole[::2, ::-1].T}, {})
    np.testing.assert_array_equal(load_file(tmp_path / "m.safetensors")["t"], whole[::2, ::-1].T)
    assert digest == content_digest({"t": np.ascontiguousarray(whole[::2, ::-1].T)}, {})


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.safetensors"
    write_sealed(path, TENSORS, METADATA)
    before = path.read_bytes()

    def full(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(WorkError, match=r"m\.safetensors: cannot be written: No space left on device"):
        write_sealed(path, {"a": TENSORS["a"]}, METADATA)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written(tiny_network, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="its folder cannot be made: File exists"):
        save_network(tiny_network, tmp_path / "file" / "model.safetensors")


@pytest.mark.skipif(os.name != "posix", reason="permissions as POSIX has them")
def test_others_may_read_it_as_far_as_the_umask_lets_them(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_sealed(tmp_path / "m.safetensors", TENSORS, METADATA)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "m.safetensors").stat().st_mode) == 0o644
    assert set(load_file(tmp_path / "m.safetensors")) == set(TENSORS)


@pytest.mark.skipif(os.name != "posix", reason="links as POSIX has them")
def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("the user's")
    (tmp_path / "m.safetensors").symlink_to("precious")
    with pytest.raises(InputError, match="symbolic link"):
        write_sealed(tmp_path / "m.safetensors", TENSORS, METADATA)
    assert (tmp_path / "precious").read_text() == "the user's"
