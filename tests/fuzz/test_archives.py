"""Damaged files of matrices: NumPy, archives, safetensors, text; read, and through `matvec`."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import azsim
from azsim.matrices import pair_layers, read_matrices
from tests.fuzz.harness import Attack, damaged, numbers

CHIP = azsim.load_device("az1").chip
DAMAGED, COMMANDS = 100, 5
HEADS = (
    b"{'descr': '|i1', 'fortran_order': False, 'shape': (1000000, 1000000), }",
    b"{'descr': '|i1', 'fortran_order': False, 'shape': (-1, 4), }",
    b"{'descr': '|O', 'fortran_order': False, 'shape': (2, 4), }",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (1, 4), }",
    b"{'descr': '|i1', 'fortran_order': True, 'shape': (4), }",
    b"{'descr': [('a', '|i1')], 'fortran_order': False, 'shape': (4,), }",
    b"{'descr': '|S4', 'fortran_order': False, 'shape': (4,), }",
    b"__import__('os')",
    b"[" * 200,
)
"""Of arrays: too large, negative, of objects, of text, and what is none."""


def written(folder: Path, name: str) -> Path:
    rng = np.random.default_rng(1)
    weights = rng.integers(-8, 8, (12, 16)).astype(np.int8)
    path = folder / name
    if name.endswith(".npy"):
        np.save(path, weights)
    elif name == "deflated.npz":
        np.savez_compressed(path, a=weights, b=weights)
    elif name.endswith(".npz"):
        np.savez(path, a=weights, b=weights)
    elif name.endswith(".safetensors"):
        save_file({"a": weights, "b": weights}, path)
    else:
        path.write_text("\n".join(" ".join(map(str, row)) for row in (weights > 0).astype(int).tolist()))
    return path


def use(path: Path) -> None:
    """What `matvec` does with a file of weights."""
    weights = read_matrices(path)
    for _, matrix, activations in pair_layers(weights, {"": np.ones(16, np.int8)}, "activations"):
        azsim.matvec(CHIP, matrix, activations)


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "deflated.npz", "a.safetensors", "a.txt"])
def test_damage(attack: Attack, name: str, tmp_path: Path) -> None:
    path = written(tmp_path, name)
    np.save(tmp_path / "x.npy", np.ones(16, np.int8))
    whole = path.read_bytes()
    for number in numbers(DAMAGED):
        case = f"damage {number}"
        path.write_bytes(damaged(whole, attack.rng(number)))
        attack.answer(case, lambda: use(path))
        if number % (DAMAGED // COMMANDS) == 0:
            attack.command(
                case, tmp_path, "matvec", "--weights", str(path), "--activations", str(tmp_path / "x.npy"), "--json"
            )


@pytest.mark.parametrize("head", HEADS, ids=range(len(HEADS)))
def test_arrays_that_claim_what_they_are_not(attack: Attack, head: bytes, tmp_path: Path) -> None:
    padded = head + b" " * (-(len(head) + 11) % 64) + b"\n"
    array = b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded + b"\x01" * 64
    (tmp_path / "a.npy").write_bytes(array)
    attack.answer("array", lambda: use(tmp_path / "a.npy"))
    for name in ("a", "../a", "/a", "a[0]", "\x1b[31m", "=1", "x" * 300):
        with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
            archive.writestr(f"{name}.npy", array)
        attack.answer(f"archive of {name!r}", lambda: use(tmp_path / "a.npz"))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("notes.txt", "no array")
    attack.answer("archive of text", lambda: use(tmp_path / "a.npz"))
