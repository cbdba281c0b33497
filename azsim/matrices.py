"""Reads matrices and masks that users bring: NumPy, safetensors, or rows of 0 and 1 as text.

::

    .npy            one array                      8-bit integers, or wider ones and booleans
    .npz            named arrays, one per layer    whose values are all -128 to 127
    .safetensors    named tensors, one per layer
    anything else   text: one row of 0 and 1 per line, with or without blanks or commas between
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from azsim.errors import InputError
from azsim.input_file import check_input_file

UNNAMED = ""
"""Name of the array of a file that holds one and does not name it."""


def read_matrices(path: Path) -> dict[str, np.ndarray]:
    """Name -> int8 array of one or two dimensions, in the order of the file.

    Raises:
        InputError: the file cannot be read, or an array is not of small whole numbers, empty, or of other dimensions.
    """
    readers = {".npy": _npy, ".npz": _npz, ".safetensors": _safetensors}
    check_input_file(path, "a file of matrices")
    try:
        arrays = readers.get(path.suffix.lower(), _text)(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    if not arrays:
        raise InputError(f"{path}: holds no array; give at least one")
    return {name: as_int8(array, f"{path}{': ' + name if name else ''}") for name, array in arrays.items()}


def as_int8(array: np.ndarray, what: str) -> np.ndarray:
    """The same values as int8, contiguous.

    Raises:
        InputError: ``what`` is not of whole numbers from -128 to 127, or not of one or two dimensions.
    """
    if array.dtype.kind not in "biu":
        raise InputError(
            f"{what}: {array.dtype}: must be whole numbers from -128 to 127 (int8) or a mask of 0 and 1; quantise first"
        )
    if array.ndim not in (1, 2) or array.size == 0:
        raise InputError(f"{what}: shape {array.shape}: must be (rows, columns), at least 1 x 1")
    outside = (array < -128) | (array > 127) if array.dtype.itemsize > 1 or array.dtype == np.uint8 else None
    if outside is not None and outside.any():
        place = np.unravel_index(int(np.argmax(outside)), array.shape)
        at = ", ".join(str(int(index)) for index in place)
        raise InputError(f"{what}: {array[place]} at [{at}]: must be from -128 to 127 (int8)")
    return np.ascontiguousarray(array, np.int8)


def pair_layers(
    weights: Mapping[str, np.ndarray], activations: Mapping[str, np.ndarray], origin: str
) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Each layer's name, weights and activations; activations that are a single array serve every layer.

    Raises:
        InputError: a layer has no activations.
    """
    single = next(iter(activations.values())) if len(activations) == 1 else None
    if single is None:
        missing = [name for name in weights if name not in activations]
        if missing:
            raise InputError(
                f"{origin}: no activations called {missing[0] or '(unnamed)'!r}; there are {', '.join(activations)}; "
                "name them like the weights, or give a single array"
            )
    return [(name, array, single if single is not None else activations[name]) for name, array in weights.items()]


def _npy(path: Path) -> dict[str, np.ndarray]:
    try:
        return {UNNAMED: np.load(path, mmap_mode="r", allow_pickle=False)}
    except (ValueError, EOFError, OverflowError) as error:
        raise InputError(f"{path}: not a .npy file of plain numbers: {error}") from None


def _npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, EOFError, OverflowError, AttributeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: not a .npz file of plain numbers: {error}") from None


def _safetensors(path: Path) -> dict[str, np.ndarray]:
    try:
        with safe_open(path, framework="numpy") as tensors:
            return {name: tensors.get_tensor(name) for name in tensors.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path}: not a .safetensors file of plain numbers: {error}") from None


def _text(path: Path) -> dict[str, np.ndarray]:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{path}: not text of 0 and 1; .npy, .npz and .safetensors are read by their ending") from None
    rows = []
    for number, line in enumerate(lines, 1):
        digits = "".join(line.replace(",", " ").split())
        if not digits:
            continue
        wrong = digits.strip("01")
        if wrong:
            raise InputError(f"{path}: line {number}: {wrong[0]!r}: a text mask holds rows of 0 and 1 and nothing else")
        if rows and len(digits) != len(rows[0]):
            raise InputError(f"{path}: line {number}: {len(digits)} columns, but the first row has {len(rows[0])}")
        rows.append(digits)
    if not rows:
        return {}
    flat = np.frombuffer("".join(rows).encode("ascii"), np.uint8) - ord("0")
    return {UNNAMED: flat.reshape(len(rows), -1)}
