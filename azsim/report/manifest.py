"""What a run was made from: enough to repeat it, nothing about the machine it ran on."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from azsim import __version__
from azsim.errors import InputError, readable
from azsim.report.plain import plain

_PACKAGES = ("numpy", "numba", "simpy", "soxr", "soundfile", "kaldi-native-fbank", "jiwer", "matplotlib")


def make_manifest(
    command: Sequence[str],
    configuration: Mapping[str, object],
    seeds: Mapping[str, int],
    inputs: Mapping[str, Path | bytes | str],
) -> dict[str, object]:
    """The content of ``manifest.json``.

    Args:
        command: the arguments as typed; paths from the root are cut to their last part.
        configuration: fully resolved: experiment, device, everything that a default decided.
        seeds: what was drawn -> seed.
        inputs: name to print -> file or content, of which the SHA-256 is taken, or a SHA-256 already taken (text).

    Raises:
        InputError: an input file cannot be read.
    """
    return {
        "azsim": __version__,
        "command": [_without_machine(word) for word in command],
        "configuration": _cleaned(plain(configuration)),
        "seeds": dict(seeds),
        "inputs": {_without_machine(name): {"sha256": digest(content)} for name, content in inputs.items()},
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in _PACKAGES},
    }


def digest(content: Path | bytes | str) -> str:
    """SHA-256, hexadecimal, of a file or of bytes; text is a digest already.

    Raises:
        InputError: the file cannot be read.
    """
    if isinstance(content, str):
        return content
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    try:
        with open(content, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{content}: cannot be read: {error.strerror}") from None


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _cleaned(value: object) -> object:
    if isinstance(value, Mapping):
        return {_without_machine(str(key)): _cleaned(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, Path):
        return _without_machine(str(value))
    return _without_machine(value) if isinstance(value, str) else value


def _without_machine(text: str) -> str:
    """``text``, or its last part if it is a path from the root (``--out=/a/b`` too)."""
    text = readable(text)
    option, equals, path = text.partition("=") if text.startswith("-") else ("", "", text)
    for kind in (PurePosixPath, PureWindowsPath):
        if kind(path).is_absolute():
            return option + equals + kind(path).name
    return text
