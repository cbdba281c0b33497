"""TOML in, typed structures out, with errors that name the file, the key, the value and what would be right."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from azsim.errors import InputError
from azsim.explain import explain

T = TypeVar("T")


def read_toml(path: Path) -> dict[str, Any]:
    """The parsed file.

    Raises:
        InputError: the file is missing, unreadable or not TOML.
    """
    try:
        with open(path, "rb") as stream:
            return tomllib.load(stream)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder; a TOML file is needed") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a TOML file: byte {error.start} is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not a TOML file: {error}") from None


def convert(tree: dict[str, Any], kind: type[T], where: Path | str) -> T:
    """Check ``tree`` against the structure ``kind``; ``where`` says in messages what it was read from.

    Raises:
        InputError: unknown key, missing key, wrong type or value out of range.
    """
    try:
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError as error:
        raise InputError(f"{where}: {explain(tree, msgspec.inspect.type_info(kind)) or error}") from None
