"""TOML into structures: every error names the key, the value and what would be right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
from msgspec import Meta, Struct

from azsim.errors import InputError
from azsim.toml import convert, read_toml


class Inner(Struct, frozen=True, forbid_unknown_fields=True):
    count: Annotated[int, Meta(ge=1)]
    share: Annotated[float, Meta(ge=0, le=1)] = 0.0
    free: float = 0.0


class Outer(Struct, frozen=True, forbid_unknown_fields=True):
    inner: Inner
    parts: tuple[Inner, ...] = ()
    named: dict[str, Inner] = {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[inner]\ncount = 0", "inner.count = 0: must be a whole number at least 1"),
        ("[inner]\ncount = 1.5", "inner.count = 1.5: must be a whole number at least 1"),
        (
            "[inner]\ncoun = 1\ncount = 1",
            "inner.coun: unknown key; there are count, free, share; did you mean 'count'?",
        ),
        ("[inner]", "inner.count: missing; it must be a whole number at least 1"),
        ("", "inner: missing; it must be a table"),
        ("[inner]\ncount = 1\n[[parts]]\ncount = 1\n[[parts]]\ncount = -1", "entry 2 of parts: count = -1"),
        (
            "[inner]\ncount = 1\n[[parts]]\ncont = 1\ncount = 2",
            "entry 1 of parts: cont: unknown key; there are count, free, share",
        ),
        ('[inner]\ncount = 1\n[named."a.*"]\ncount = true', 'named."a.*".count = true: must be a whole number'),
        ("[inner]\ncount = 1\nx = [", "not a TOML file"),
        ("[inner]\ncount = " + 5000 * "9", "not a TOML file of azsim: a whole number of thousands of digits"),
        ("[inner]\ncount = 1\nshare = 0x" + 9000 * "f", "inner.share = a whole number of thousands of digits: must be"),
        ("[inner]\ncount = 1\nshare = " + 400 * "9", "inner.share = 9999"),
        ("[inner]\ncount = 1\nshare = -0x" + 9000 * "f", "not a TOML file"),
        (
            "[inner]\ncount = 1\nshare = [0x" + 9000 * "f" + "]",
            "inner.share = a list of huge numbers: must be a number",
        ),
        ("[inner]\ncount = 1\nfree = " + 400 * "9", "inner.free = 9999"),
        ("[inner]\ncount = 1\n" + 5000 * "k" + " = 1", "unknown key"),
        ("[inner]\ncount = [" + 4000 * "[", "nested too deeply"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "it.toml"
    path.write_text(text)
    with pytest.raises(InputError) as raised:
        convert(read_toml(path), Outer, path)
    assert says in str(raised.value)
    assert str(raised.value).startswith(str(path))
    assert "\n" not in str(raised.value)


def test_a_right_file_becomes_a_structure(tmp_path: Path) -> None:
    path = tmp_path / "it.toml"
    path.write_text("[inner]\ncount = 2\n[named.a]\ncount = 3")
    assert convert(read_toml(path), Outer, path) == Outer(Inner(2), (), {"a": Inner(3)})


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_toml(tmp_path / "none.toml")
    with pytest.raises(InputError, match="is a folder; a TOML file is needed"):
        read_toml(tmp_path)


def test_a_byte_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "it.toml"
    path.write_bytes(b'name = "caf\xe9"\n')
    with pytest.raises(InputError, match="not a TOML file: byte 11 is not UTF-8"):
        read_toml(path)


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "it.toml"
    path.write_bytes(b"\xef\xbb\xbfcount = 2\r\n")
    assert read_toml(path) == {"count": 2}


def test_a_file_that_is_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "it.toml"
    path.write_text("a = " + "[" * 10_000)
    with pytest.raises(InputError, match="nested too deeply"):
        read_toml(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("inner = [{" + ".".join(3000 * "a") + " = 1}]", ": must be a table"),
        ("[" + ".".join(["inner", *(3000 * "a")]) + "]\nb = 1", "inner.a: unknown key"),
    ],
)
def test_a_key_of_thousands_of_parts_is_refused_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    """By its place, or where this Python's reader gives up, by its depth."""
    path = tmp_path / "it.toml"
    path.write_text(text)
    with pytest.raises(InputError) as raised:
        convert(read_toml(path), Outer, path)
    assert "\n" not in str(raised.value)
    assert says in str(raised.value) or "nested too deeply" in str(raised.value)
