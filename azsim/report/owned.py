"""Which files of a folder a report owns: those that its manifest lists by name and digest, and no others.

::

    manifest.json: {..., "files": {"index.html": SHA-256, ...}, "seal": SHA-256 of all the rest}

A file that differs from its digest belongs to whoever changed it. While a report replaces another one, ``before`` lists
the files of the older one as well, so that a run that is killed then leaves no file without an owner.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from azsim.errors import InputError, readable
from azsim.report.plain import plain

MANIFEST = "manifest.json"
_FILES, _BEFORE, _SEAL = "files", "before", "seal"
_MOST_BYTES = 64 << 20
_NOT_OURS = ("lost+found",)  # stands in the root of a file system, so in an empty volume too
Digests = Mapping[str, frozenset[str]]
"""Name -> the SHA-256 digests that the file of that name may have."""


def sealed(manifest: Mapping[str, object], files: Mapping[str, bytes], before: Digests | None = None) -> bytes:
    """The text of a manifest that lists ``files``, and ``before`` while they replace those of an older report."""
    content = dict(manifest) | {_FILES: {name: digest(files[name]) for name in sorted(files)}}
    if before is not None:
        content[_BEFORE] = {name: sorted(before[name]) for name in sorted(before)}
    content[_SEAL] = _seal(content)
    return (json.dumps(plain(content), indent=2, ensure_ascii=False) + "\n").encode()


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def owned_files(folder: Path) -> Digests:
    """What the report in ``folder`` owns; nothing where there is neither a report nor any other file.

    Raises:
        InputError: the folder holds files and no report, or a report that does not list its files, or a manifest that
            was changed.
    """
    names = sorted(name for name in os.listdir(folder) if name not in _NOT_OURS)
    content = _manifest(folder) if MANIFEST in names else None
    if content is None:
        if names:
            raise InputError(
                f"{folder}: holds files that are not a report of azsim; give a new or empty folder as --out"
            )
        return {}
    if not isinstance(content.get(_FILES), dict):
        raise InputError(
            f"{folder}: holds a report of an azsim before 0.2.0, which did not list its files; move it away, or give "
            "another --out"
        )
    if content.get(_SEAL) != _seal({key: value for key, value in content.items() if key != _SEAL}):
        raise _changed(folder, MANIFEST)
    owned = {name: {sha} for name, sha in content[_FILES].items()}
    for name, digests in content.get(_BEFORE, {}).items():
        owned.setdefault(name, set()).update(digests)
    if any(name in ("", ".", "..") or Path(name).name != name for name in owned):
        raise _changed(folder, MANIFEST)
    return {name: frozenset(digests) for name, digests in owned.items()}


def check_unchanged(folder: Path, owned: Digests, wanted: Iterable[str]) -> None:
    """Refuse to go on where a file that would be replaced or removed is not the report's own any more.

    Args:
        folder: of the report.
        owned: from `owned_files`.
        wanted: names that a new report may have.

    Raises:
        InputError: a file was changed since it was written, or somebody else's has a name that a report needs.
    """
    for name in sorted({*owned, *wanted} - {MANIFEST}):
        try:
            kind = os.lstat(folder / name).st_mode
        except FileNotFoundError:
            continue
        if name not in owned:
            raise InputError(
                f"{folder / name}: stands where a report would write and is not azsim's; move it away, or give another "
                "--out"
            )
        if not stat.S_ISREG(kind) or _digest_of(folder / name) not in owned[name]:
            raise _changed(folder, readable(name))


def remove_stale(folder: Path, owned: Digests, kept: Iterable[str]) -> None:
    """Remove files of the older report that the new one does not have."""
    for name in sorted(set(owned) - {*kept, MANIFEST}):
        (folder / name).unlink(missing_ok=True)


def _manifest(folder: Path) -> dict[str, object] | None:
    """What a manifest of azsim says; None if it is none."""
    path = folder / MANIFEST
    kind = os.lstat(path)
    if not stat.S_ISREG(kind.st_mode) or kind.st_size > _MOST_BYTES:
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) and "azsim" in content else None


def _seal(content: Mapping[str, object]) -> str:
    """Of the values, whatever the line ends and indents."""
    return digest(json.dumps(plain(content), sort_keys=True).encode())


def _digest_of(path: Path) -> str:
    """Of a plain file; a link is not followed."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _changed(folder: Path, name: str) -> InputError:
    return InputError(
        f"{folder / name}: was changed since azsim wrote it; it is not overwritten: move it away, or give another --out"
    )
