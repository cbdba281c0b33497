"""Files of networks: safetensors sealed with a digest, read and checked, written whole or not at all.

::

    metadata "azsim": JSON card      "activation_scales": JSON      "digest": sha-256 of all else

What the card and the tensors mean is the business of those who read them (`azsim.nn.rnnt.load`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from azsim import budget
from azsim.errors import InputError
from azsim.input_file import check_input_file, given_path
from azsim.output_file import make_folders, write_output_file
from azsim.resources import MODEL_FILE, model_file, model_names, shipped_root
from azsim.toml import convert

CARD_KEY, SCALES_KEY, DIGEST_KEY = "azsim", "activation_scales", "digest"
WEIGHT_SCALES_KEY = "weight_scales"
"""Only in a file whose matrices are whole numbers or bitstreams, see `azsim.compress.stored`."""
T = TypeVar("T")
COPIES = 4
"""Most memory for a file of float weights, in times its size: half precision becomes float32."""


@dataclass(frozen=True)
class Stored:
    """A network's file, read, its seal checked.

    Attributes:
        path: of the file.
        tensors: by name, as they are stored.
        metadata: by key.
        digest: sha-256 of its contents, hex.
        verified: the file states that digest itself.
    """

    path: Path
    tensors: Mapping[str, np.ndarray]
    metadata: Mapping[str, str]
    digest: str
    verified: bool


def network_file(name_or_path: str | Path) -> Path:
    """The file of a network, by its name under ``models/``, or the user's own: a file, or the folder that holds it.

    Raises:
        InputError: there is no such model, or the folder has no network.
    """
    path = given_path(name_or_path, "model")
    if path.suffix == ".safetensors" or os.path.isfile(path):
        return path
    is_name = path.name == str(name_or_path) and path.name not in ("", "..")
    if str(name_or_path) and os.path.isdir(path) and not (is_name and path.name in model_names()):
        if not os.path.isfile(path / MODEL_FILE):
            raise InputError(f"{str(name_or_path)!r}: is a folder without {MODEL_FILE}")
        return path / MODEL_FILE
    if not is_name:
        raise InputError(
            f"{str(name_or_path)!r}: not a model; give a name under models/ or the path of a .safetensors or its folder"
        )
    return model_file(path.name)


def read_stored(name_or_path: str | Path) -> Stored:
    """The file of a network, as `network_file` finds it.

    A file with a digest must match it. A shipped model must have one; a user's file without one is read as it is.

    Raises:
        InputError: there is no such model or file, or it is damaged.
    """
    path = network_file(name_or_path)
    tensors, metadata = _read(path)
    stated = metadata.get(DIGEST_KEY)
    digest = content_digest(tensors, metadata)
    if path.parent.parent == shipped_root() / "models" and stated is None:
        raise InputError(f"{path}: {DIGEST_KEY}: missing; a shipped model must carry one")
    if stated is not None and stated != digest:
        raise InputError(f"{path}: damaged: its contents have sha-256 {digest[:12]}..., it states {stated[:12]}...")
    return Stored(path, tensors, metadata, digest, stated is not None)


def decode_metadata(stored: Stored, key: str, type_: type[T]) -> T:
    """A JSON value of a file's metadata.

    Raises:
        InputError: it is missing, not JSON, or not of that type.
    """
    where = f"{stored.path}: metadata {key!r}"
    if key not in stored.metadata:
        raise InputError(f"{where}: missing; a checkpoint exported by azsim.train has it")
    try:
        tree = msgspec.json.decode(stored.metadata[key])
    except msgspec.DecodeError as error:
        raise InputError(f"{where}: not JSON: {error}") from error
    except RecursionError:
        raise InputError(f"{where}: nested too deeply") from None
    return convert(tree, type_, where)


def seal(path: Path | str, activation_scales: Mapping[str, float] | None = None) -> str:
    """Rewrite a checkpoint with a digest, and with activation scales if given; its tensors keep their type.

    Returns:
        The digest.

    Raises:
        InputError: the file is damaged.
        WorkError: it cannot be rewritten; the old one stays.
    """
    path = Path(path)
    tensors, metadata = _read(path)
    if activation_scales is not None:
        metadata[SCALES_KEY] = msgspec.json.encode(dict(sorted(activation_scales.items()))).decode()
    return write_sealed(path, tensors, metadata)


def content_digest(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> str:
    """sha-256 over the metadata (the digest itself left out) and over the tensors, both in order of name; hex."""
    digest = hashlib.sha256()
    for key in sorted(metadata):
        if key != DIGEST_KEY:
            digest.update(f"{key}\0{metadata[key]}\0".encode())
    for name in sorted(tensors):
        tensor = np.ascontiguousarray(tensors[name])
        digest.update(f"{name}\0{tensor.dtype.str}\0{tensor.shape}\0".encode())
        digest.update(tensor.data)
    return digest.hexdigest()


def write_sealed(path: Path, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> str:
    """Write tensors and metadata with their digest; returns it.

    Raises:
        InputError: nothing may be written there (see `azsim.output_file`).
        WorkError: the file cannot be written: a full disk.
    """
    sealed = {**metadata, DIGEST_KEY: content_digest(tensors, metadata)}
    write_tensors(path, {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, sealed, save)
    return sealed[DIGEST_KEY]


def write_tensors(
    path: Path, tensors: Mapping[str, T], metadata: Mapping[str, str], save: Callable[[dict[str, T], dict], bytes]
) -> None:
    """Write a safetensors file whole or not at all, and the folders that it needs.

    Args:
        path, tensors, metadata: of the file.
        save: of safetensors for such tensors. (Its ``save_file`` leaves files of its own when it is killed, and from
            version 0.8 on make files that their owner alone may read.)

    Raises:
        InputError, WorkError: as `write_sealed`.
    """
    make_folders(path)
    write_output_file(path, [save(dict(tensors), dict(metadata))])


def _read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    check_input_file(path, "a .safetensors file")
    size = path.stat().st_size
    budget.require(COPIES * size, what=f"a network's file of {size:,} bytes", where=str(path))
    try:
        with safe_open(path, "numpy") as file:
            metadata = dict(file.metadata() or {})
            return {name: file.get_tensor(name) for name in sorted(file.keys())}, metadata
    except (OSError, SafetensorError, TypeError, ValueError, AttributeError, KeyError, OverflowError) as error:
        said = next(iter(str(error).splitlines()), type(error).__name__)
        raise InputError(f"{path}: damaged, cut short or of unknown number types: {said}") from error
