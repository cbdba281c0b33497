"""What pyproject.toml says of the package: one version, typed, every dependency with its licence, none twice."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import azsim

ROOT = Path(azsim.__file__).parents[1]
PROJECT = ROOT / "pyproject.toml"
pytestmark = pytest.mark.skipif(not PROJECT.exists(), reason="travels with the source, not with the wheel")


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads(PROJECT.read_text(encoding="utf-8"))


def required(project: dict) -> list[str]:
    """Every requirement, of all extras too."""
    extras = project["project"]["optional-dependencies"]
    return [*project["project"]["dependencies"], *(line for extra in extras.values() for line in extra)]


def test_every_library_stands_in_the_notices(project: dict) -> None:
    notices = (ROOT / "THIRD_PARTY_NOTICES").read_text(encoding="utf-8")
    names = {re.match(r"[\w-]+", line)[0] for line in required(project)} - {"azsim"}
    assert [name for name in sorted(names) if not re.search(rf"^    {name} ", notices, re.MULTILINE)] == []
    assert "THIRD_PARTY_NOTICES" in project["project"]["license-files"]


def test_every_bound_is_one_of_a_python(project: dict) -> None:
    """A library has one bound for all, then higher ones for newer Pythons in order."""
    found: dict[str, list[str]] = {}
    form = r"([\w-]+)(?:\[\w+\])?(>=[\d.]+)?(?:; python_version >= '(3\.\d+)')?"
    for line in required(project):
        name, bound, marker = re.fullmatch(form, line).groups()
        if bound:
            found.setdefault(name, []).append(marker or "")
    for name, markers in found.items():
        assert markers[0] == "", name
        assert markers == sorted(set(markers)), name


def test_the_package_is_typed_and_has_one_version(project: dict) -> None:
    assert (Path(azsim.__file__).parent / "py.typed").is_file()
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["hatch"]["version"]["path"] == "azsim/__init__.py"
    assert re.fullmatch(r"\d+\.\d+\.\d+", azsim.__version__)


def test_shipped_things_stand_in_the_notices() -> None:
    notices = (ROOT / "THIRD_PARTY_NOTICES").read_text(encoding="utf-8")
    for kind in ("experiments/speech/*.flac", "experiments/music/track.ogg", "models/*/model.safetensors"):
        assert kind in notices
        assert list(ROOT.glob(kind))
