"""TOML in, typed structures out, with errors that name the file, the key, the value and what would be right."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from azsim.errors import InputError
from azsim.explain import cut, explain
from azsim.input_file import check_input_file

T = TypeVar("T")


def read_toml(path: Path) -> dict[str, Any]:
    """The parsed file.

    Raises:
        InputError: the file is missing, unreadable or not TOML.
    """
    check_input_file(path, "a TOML file")
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a TOML file: byte {error.start} is not UTF-8") from None
    except RecursionError:
        raise InputError(f"{path}: not a TOML file of azsim: nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not a TOML file: {cut(str(error))}") from None
    except ValueError:
        raise InputError(f"{path}: not a TOML file of azsim: a whole number of thousands of digits") from None


def convert(tree: dict[str, Any], kind: type[T], where: Path | str, at: str = "") -> T:
    """Check ``tree`` against the structure ``kind``.

    Args:
        where, at: file and dotted key that ``tree`` was read from, for messages.

    Raises:
        InputError: unknown key, missing key, wrong type or value out of range.
    """
    try:
        return msgspec.convert(tree, kind)
    except (msgspec.ValidationError, OverflowError, ValueError, RecursionError, SystemError) as error:
        # SystemError: what msgspec 0.19 to 0.21 raise with Python 3.13 for a whole number of hundreds of digits
        said = explain(tree, msgspec.inspect.type_info(kind), at)
        raise InputError(f"{where}: {said or cut(str(error))}") from None
