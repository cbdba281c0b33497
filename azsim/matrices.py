"""Reads matrices and masks that users bring: NumPy, safetensors, or rows of 0 and 1 as text.

::

    .npy            one array                      8-bit integers, or wider ones and booleans
    .npz            named arrays, one per layer    whose values are all -128 to 127
    .safetensors    named tensors, one per layer
    anything else   text: one row of 0 and 1 per line, with or without blanks or commas between
"""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from tokenize import TokenError
from typing import BinaryIO

import numpy as np
from safetensors import SafetensorError, safe_open

from azsim import budget
from azsim.errors import InputError
from azsim.input_file import check_input_file, read_input_file

UNNAMED = ""
"""Name of the array of a file that holds one and does not name it."""
COPIES = 4
"""Most memory for an array, in times its size: as read, as int8, and what checking its values takes."""
ENCRYPTED = 1
DEFLATE_MOST = 1040
"""Bytes that come out of one at most. **Source:** zlib's manual, 1030 to 1; and something for short ones."""
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


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
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, NotImplementedError) as error:
        raise InputError(f"{path}: not a .npz file: {_first_line(error)}") from None
    if not arrays:
        raise InputError(f"{path}: holds no array; give at least one")
    return {name: as_int8(array, f"{path}{': ' + name if name else ''}") for name, array in arrays.items()}


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Name -> array of whole numbers or floats, of any shape, from ``.npy``, ``.npz`` or ``.safetensors``.

    Raises:
        InputError: the file cannot be read, holds nothing, or an array is of other things than numbers.
    """
    check_input_file(path, "a file of arrays")
    suffix = path.suffix.lower()
    if suffix not in (".npy", ".npz", ".safetensors"):
        raise InputError(f"{path}: must end in .npy, .npz or .safetensors")
    try:
        if suffix == ".safetensors":
            arrays = _safetensors(path)
        else:
            arrays = {".npy": _npy, ".npz": _npz}[suffix](path, whole=False)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, NotImplementedError) as error:
        raise InputError(f"{path}: not a .npz file: {_first_line(error)}") from None
    if not arrays:
        raise InputError(f"{path}: holds no array; give at least one")
    for name, array in arrays.items():
        if array.dtype.kind not in "fiub" or array.size == 0:
            raise InputError(f"{path}: {name}: {array.dtype} of shape {array.shape}: must be numbers, at least one")
    return arrays


def as_int8(array: np.ndarray, what: str) -> np.ndarray:
    """The same values as int8, contiguous.

    Raises:
        InputError: ``what`` is not of whole numbers from -128 to 127, or not of one or two dimensions.
    """
    check_whole(array.dtype, what)
    if array.ndim not in (1, 2) or array.size == 0:
        raise InputError(f"{what}: shape {array.shape}: must be (rows, columns), at least 1 x 1")
    outside = (array < -128) | (array > 127) if array.dtype.itemsize > 1 or array.dtype == np.uint8 else None
    if outside is not None and outside.any():
        place = np.unravel_index(int(np.argmax(outside)), array.shape)
        at = ", ".join(str(int(index)) for index in place)
        raise InputError(f"{what}: {array[place]} at [{at}]: must be from -128 to 127 (int8)")
    return np.ascontiguousarray(array, np.int8)


def check_whole(dtype: np.dtype, what: str) -> None:
    """Refuse numbers that are not whole; raises `InputError`."""
    if dtype.kind not in "biu":
        raise InputError(
            f"{what}: {dtype}: must be whole numbers from -128 to 127 (int8) or a mask of 0 and 1; quantise first"
        )


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


def _npy(path: Path, whole: bool = True) -> dict[str, np.ndarray]:
    with open(path, "rb") as file:
        return {UNNAMED: read_array(file, path.stat().st_size, str(path), whole)}


def _npz(path: Path, whole: bool = True) -> dict[str, np.ndarray]:
    """Member by member: what the archive says of itself is checked before any of it is unpacked."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        for member in members:
            _check_member(member, path)
        names = [member.filename.removesuffix(".npy") for member in members]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise InputError(f"{path}: {twice}: is in it twice")
        unpacked = sum(member.file_size for member in members)
        budget.require(COPIES * unpacked, what=f"unpacking {len(members)} arrays", where=str(path))
        arrays = {}
        for name, member in zip(names, members, strict=True):
            with archive.open(member) as file:
                arrays[name] = read_array(file, member.file_size, f"{path}: {name}", whole)
        return arrays


def _check_member(member: zipfile.ZipInfo, path: Path) -> None:
    at = f"{path}: {member.filename}"
    if not member.filename.endswith(".npy"):
        raise InputError(f"{at}: is no array; a .npz file holds members that end in .npy")
    if member.flag_bits & ENCRYPTED:
        raise InputError(f"{at}: is encrypted; store it without a password")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(f"{at}: packed by method {member.compress_type}; np.savez and np.savez_compressed use 0 and 8")
    if member.file_size > DEFLATE_MOST * (member.compress_size + 1):
        raise InputError(f"{at}: {member.file_size:,} bytes cannot come out of {member.compress_size:,}: damaged")


def read_array(file: BinaryIO, size_bytes: int, what: str, whole: bool = True) -> np.ndarray:
    """The array in a .npy stream of that length, read only if it is of numbers (whole ones if asked) and exactly there.

    Raises:
        InputError: it is not, or ``what`` is no .npy stream.
    """
    try:
        version = np.lib.format.read_magic(file)
        if version not in HEADERS:
            raise InputError(f"{what}: format {version}: must be {' or '.join(map(str, HEADERS))}")
        shape, by_column, dtype = HEADERS[version](file)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError, OverflowError, TokenError) as error:
        raise InputError(f"{what}: not a .npy file of plain numbers: {_first_line(error)}") from None
    if whole:
        check_whole(dtype, what)
    elif dtype.kind not in "fiub":
        raise InputError(f"{what}: {dtype}: must be numbers")
    wanted, has = dtype.itemsize * math.prod(shape), size_bytes - file.tell()
    if min(shape, default=0) < 0 or wanted != has:
        held = f"{has:,} bytes do not hold shape {shape} of {dtype}"
        raise InputError(f"{what}: not a .npy file of plain numbers: {held}")
    budget.require(COPIES * wanted, what=f"an array of shape {shape}", where=what)
    data = file.read(wanted)
    if len(data) != wanted:
        raise InputError(f"{what}: not a .npy file of plain numbers: it ends after {len(data):,} of {wanted:,} bytes")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if by_column else "C")


def _safetensors(path: Path) -> dict[str, np.ndarray]:
    budget.require(COPIES * path.stat().st_size, what=f"a file of {path.stat().st_size:,} bytes", where=str(path))
    try:
        with safe_open(path, framework="numpy") as tensors:
            return {name: tensors.get_tensor(name) for name in tensors.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, TypeError, ValueError, AttributeError, KeyError, OverflowError) as error:
        raise InputError(f"{path}: not a .safetensors file of plain numbers: {_first_line(error)}") from None


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _text(path: Path) -> dict[str, np.ndarray]:
    try:
        lines = read_input_file(path, "a file of matrices", copies=8).decode("ascii").splitlines()
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
