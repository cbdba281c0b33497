"""Matrices come in as they are; what is no small whole number is refused in one line that says where."""

from __future__ import annotations

import io
import json
import struct
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from azsim.budget import limited
from azsim.errors import InputError
from azsim.matrices import pair_layers, read_matrices

MASK = (np.random.default_rng(0).random((5, 7)) < 0.5).astype(np.int8)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.int64, np.uint64, bool])
def test_masks_of_any_whole_type_are_the_same(tmp_path: Path, dtype: type) -> None:
    np.save(tmp_path / "m.npy", MASK.astype(dtype))
    np.savez(tmp_path / "m.npz", a=MASK.astype(dtype), b=MASK[0].astype(dtype))
    save_file({"a": MASK.astype(dtype)}, tmp_path / "m.safetensors")
    (single,) = read_matrices(tmp_path / "m.npy").values()
    assert single.dtype == np.int8
    assert single.flags.c_contiguous
    assert np.array_equal(single, MASK)
    named = read_matrices(tmp_path / "m.npz")
    assert list(named) == ["a", "b"]
    assert np.array_equal(named["b"], MASK[0])
    assert np.array_equal(read_matrices(tmp_path / "m.safetensors")["a"], MASK)


def test_the_whole_range_of_int8_is_kept_whatever_the_order_in_memory(tmp_path: Path) -> None:
    every = np.arange(-128, 128, dtype=">i4").reshape(16, 16)
    np.save(tmp_path / "m.npy", np.asfortranarray(every))
    assert np.array_equal(read_matrices(tmp_path / "m.npy")[""], every)


@pytest.mark.parametrize("text", ["0101\n1100\n", "0 1 0 1\n1 1 0 0", "0,1,0,1\r\n\r\n1,1,0,0\r\n"])
def test_text_of_zeros_and_ones(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mask.txt"
    path.write_text(text)
    assert read_matrices(path)[""].tolist() == [[0, 1, 0, 1], [1, 1, 0, 0]]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"", "holds no array"),
        ("a.txt", b"01\n011\n", "line 2: 3 columns, but the first row has 2"),
        ("a.txt", b"01\n02\n", "line 2: '2'"),
        ("a.txt", b"\xff\xfe", "not text of 0 and 1"),
        ("a.npy", b"", "not a .npy file"),
        ("a.npy", b"\x93NUMPY\x01\x00", "not a .npy file"),
        ("a.npz", b"PK", "not a .npz file"),
        ("a.npz", b"", "not a .npz file"),
        ("a.safetensors", b"", "not a .safetensors file"),
        ("a.safetensors", b"\xff" * 40, "not a .safetensors file"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    refused(tmp_path / name, said)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.ones((2, 2)), "float64: must be whole numbers from -128 to 127"),
        (np.array([[np.nan, 1.0]]), "float64"),
        (np.array([[1, 128]]), r"128 at \[0, 1\]"),
        (np.array([[1, 2], [-129, 3]]), r"-129 at \[1, 0\]"),
        (np.array([[200]], np.uint8), r"200 at \[0, 0\]"),
        (np.ones((2, 2, 2), np.int8), r"shape \(2, 2, 2\)"),
        (np.ones((0, 3), np.int8), r"shape \(0, 3\)"),
        (np.array(3), r"shape \(\)"),
        (np.array(["a"]), "<U1"),
        (np.array([{}], object), "object: must be whole numbers"),
        (np.ones((2, 2), np.complex64), "complex64"),
    ],
)
def test_arrays_that_are_no_matrices_are_said(tmp_path: Path, array: np.ndarray, said: str) -> None:
    np.save(tmp_path / "m.npy", array)
    refused(tmp_path / "m.npy", said)


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.npy"
    np.save(path, np.ones((100, 100), np.int8))
    path.write_bytes(path.read_bytes()[:-500])
    refused(path, "not a .npy file")


def header(shape: str, descr: str = "|i1") -> bytes:
    """The start of a .npy file that says so of itself."""
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (header("(1000000, 1000000)"), "0 bytes do not hold shape"),
        (header("(-5, 3)"), "do not hold shape"),
        (header("(0, 3)"), r"shape \(0, 3\)"),
        (header("(2, 2)") + bytes(5), "5 bytes do not hold"),
        (header("(" * 3000), "not a .npy file of plain numbers"),
        (header("'ab'"), "not a .npy file of plain numbers"),
        (header("(1000000000000,)", "|V0"), "must be whole numbers"),
        (header("(2,)", "|S1") + b"ab", "must be whole numbers"),
        (b"\x93NUMPY\x09\x00" + bytes(90), r"format \(9, 0\): must be \(1, 0\) or \(2, 0\)"),
    ],
)
def test_what_a_file_says_of_its_array_is_checked_before_it_is_read(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "m.npy").write_bytes(content)
    refused(tmp_path / "m.npy", said)
    with zipfile.ZipFile(tmp_path / "m.npz", "w") as archive:
        archive.writestr("a.npy", content)
    refused(tmp_path / "m.npz", f"m.npz: a: .*{said}")


def archived(path: Path, method: int = zipfile.ZIP_STORED, **members: bytes) -> bytearray:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return bytearray(path.read_bytes())


def marked(content: bytearray, *, flags: int | None = None, method: int | None = None) -> bytes:
    """Both headers of the one member changed."""
    for signature, method_at, flags_at in ((b"PK\3\4", 8, 6), (b"PK\1\2", 10, 8)):
        at = content.find(signature)
        if method is not None:
            struct.pack_into("<H", content, at + method_at, method)
        if flags is not None:
            struct.pack_into("<H", content, at + flags_at, flags)
    return bytes(content)


def test_members_of_an_archive_that_are_no_plain_arrays_are_named(tmp_path: Path) -> None:
    path, plain = tmp_path / "m.npz", io.BytesIO()
    np.save(plain, MASK)
    archived(path, **{"readme.txt": b"hello", "a.npy": plain.getvalue()})
    refused(path, r"m\.npz: readme\.txt: is no array")
    path.write_bytes(marked(archived(path, **{"a.npy": plain.getvalue()}), flags=1))
    refused(path, r"m\.npz: a\.npy: is encrypted")
    path.write_bytes(marked(archived(path, **{"a.npy": plain.getvalue()}), method=97))
    refused(path, r"m\.npz: a\.npy: packed by method 97")
    archived(path, zipfile.ZIP_LZMA, **{"a.npy": plain.getvalue()})
    refused(path, r"m\.npz: a\.npy: packed by method 14")
    damaged = archived(path, **{"a.npy": plain.getvalue()})
    damaged[damaged.find(b"\x93NUMPY") + 90] ^= 255
    path.write_bytes(damaged)
    refused(path, r"m\.npz: not a .npz file")
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings(action="ignore"):
        for _ in range(2):
            archive.writestr("a.npy", plain.getvalue())
    refused(path, r"m\.npz: a: is in it twice")


def test_a_small_archive_of_a_huge_array_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path, size = tmp_path / "m.npz", 1 << 24
    archived(path, zipfile.ZIP_DEFLATED, **{"a.npy": header(f"({size},)") + bytes(size)})
    assert path.stat().st_size < size / 900
    with limited(4 * size - 1):
        refused(path, r"m\.npz: unpacking 1 arrays would take 64 MiB of memory")
    with limited(5 * size):
        assert read_matrices(path)["a"].size == size


@pytest.mark.parametrize("name", ["m.npy", "m.txt", "m.safetensors"])
def test_files_larger_than_the_budget_are_refused(tmp_path: Path, name: str) -> None:
    np.save(tmp_path / "m.npy", np.zeros((200, 200), np.int8))
    (tmp_path / "m.txt").write_text("01" * 20000)
    save_file({"a": np.zeros((200, 200), np.int8)}, tmp_path / "m.safetensors")
    with limited(50_000):
        refused(tmp_path / name, "of memory")


@pytest.mark.parametrize("kind", ["F8_E4M3", "F8_E5M2", "F8_E8M0", "F4"])
def test_types_that_numpy_does_not_know_are_said(tmp_path: Path, kind: str) -> None:
    shape = [2, 4] if kind == "F4" else [2, 2]
    card = json.dumps({"a": {"dtype": kind, "shape": shape, "data_offsets": [0, 4]}}).encode()
    (tmp_path / "m.safetensors").write_bytes(struct.pack("<Q", len(card)) + card + bytes(4))
    refused(tmp_path / "m.safetensors", r"m\.safetensors: (a: )?.*(float|plain numbers)")


def refused(path: Path, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        read_matrices(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    refused(tmp_path / "none.npy", "no such file")
    (tmp_path / "folder.npy").mkdir()
    refused(tmp_path / "folder.npy", "is a folder")


def test_layers_find_their_activations() -> None:
    weights = {"a": MASK, "b": MASK[:2]}
    shared = pair_layers(weights, {"x": MASK[0]}, "x.npz")
    assert [name for name, _, _ in shared] == ["a", "b"]
    assert all(vector is MASK[0] or np.array_equal(vector, MASK[0]) for _, _, vector in shared)
    own = pair_layers(weights, {"b": MASK[1], "a": MASK[0], "c": MASK[2]}, "x.npz")
    assert np.array_equal(own[1][2], MASK[1])
    with pytest.raises(InputError, match=r"x\.npz: no activations called 'b'; there are a, c"):
        pair_layers(weights, {"a": MASK, "c": MASK}, "x.npz")
