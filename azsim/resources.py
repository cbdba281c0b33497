"""Where the shipped models, experiments, speech and devices are: in a checkout, an editable install or a wheel.

::

    checkout / editable:  <root>/azsim/resources.py   ->  <root>/models, <root>/experiments
    wheel:                site-packages/azsim/_shipped/models, .../experiments
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from azsim.errors import InputError, nearest

MODEL_FILE = "model.safetensors"
_PACKAGE = Path(__file__).resolve().parent


def shipped_root() -> Path:
    """The folder that holds ``models/`` and ``experiments/``."""
    inside = _PACKAGE / "_shipped"
    return inside if inside.is_dir() else _PACKAGE.parent


def shipped(kind: str, name: str) -> Path:
    """Path of a shipped thing, for example ``shipped("experiments", "compression/compression.toml")``.

    Raises:
        InputError: there is no such thing; the message lists what there is.
    """
    path = shipped_root() / kind
    for part in Path(name).parts:
        known = sorted(p.name for p in path.iterdir()) if path.is_dir() else []
        path /= part
        if not path.exists():
            raise InputError(
                f"{kind}/{name}: not shipped with azsim; there are {', '.join(known) or 'none'}{nearest(part, known)}"
            )
    return path


def model_file(name: str) -> Path:
    """Path of a shipped network, by the name of its folder under ``models/``.

    Raises:
        InputError: no network has that name.
    """
    known = model_names()
    if name not in known:
        said = ", ".join(known) or "none"
        raise InputError(f"models/{name}: not shipped with azsim; there are {said}{nearest(name, known)}")
    return shipped_root() / "models" / name / MODEL_FILE


def model_names() -> tuple[str, ...]:
    """Names of the shipped networks."""
    return tuple(sorted(path.parent.name for path in (shipped_root() / "models").glob(f"*/{MODEL_FILE}")))


def speech_file(name: str) -> Path:
    """Path of the manifest of shipped recordings, by the name of their folder under ``experiments/``.

    Raises:
        InputError: no recordings have that name.
    """
    return _of_experiments(name, "*/manifest.csv", lambda path: path.parent.name, "recordings", "a .csv")


def music_file(name: str) -> Path:
    """Path of a shipped track, by its name without suffix.

    Raises:
        InputError: no track has that name.
    """
    return _of_experiments(name, "music/*.ogg", lambda path: path.stem, "music", "a music file")


def _of_experiments(name: str, pattern: str, named: Callable[[Path], str], what: str, file: str) -> Path:
    known = {named(path): path for path in sorted((shipped_root() / "experiments").glob(pattern))}
    if name not in known:
        raise InputError(
            f"no {what} of that name; there is {', '.join(known) or 'none'}, or give the path of {file}"
            f"{nearest(name, known)}"
        )
    return known[name]


def device_file(name: str) -> Path:
    """Path of a shipped device description, by its name without ``.toml``.

    Raises:
        InputError: no device has that name.
    """
    known = device_names()
    if name not in known:
        raise InputError(
            f"device {name!r}: not known; there are {', '.join(known)}, or give a path to a .toml{nearest(name, known)}"
        )
    return _PACKAGE / "devices" / f"{name}.toml"


def device_names() -> tuple[str, ...]:
    """Names of the shipped device descriptions."""
    return tuple(sorted(path.stem for path in (_PACKAGE / "devices").glob("*.toml")))


def data_folder(what: str) -> Path:
    """The user's folder of recordings and texts, which do not travel with azsim: ``AZSIM_DATA``.

    Raises:
        InputError: the variable is not set, or names no folder; ``what`` says what it is wanted for.
    """
    named = os.environ.get("AZSIM_DATA", "")
    if not named:
        raise InputError(f"{what}: set AZSIM_DATA to a folder of data (docs/training.md says what it holds)")
    if not Path(named).is_dir():
        raise InputError(f"AZSIM_DATA = {named!r}: no such folder; {what} is read from there")
    return Path(named)


def data_file(name: str) -> Path | None:
    """A file below the user's folder of data, for whom it is no loss to be without; None where there is none."""
    named = os.environ.get("AZSIM_DATA", "")
    path = Path(named) / name
    return path if named and path.is_file() else None
