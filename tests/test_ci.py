"""Continuous integration: every stage has its file, its limit, and a line in the page."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import azsim

ROOT = Path(azsim.__file__).parents[1]
RUN, STAGES = ROOT / ".ci" / "run", ROOT / ".ci" / "stages"
pytestmark = [
    pytest.mark.skipif(not RUN.exists(), reason="continuous integration travels with the source, not with the wheel"),
    pytest.mark.skipif(shutil.which("bash") is None, reason="needs a POSIX shell"),
]


def listed() -> dict[str, int]:
    """Stage -> minutes."""
    return {name: int(minutes) for name, minutes in re.findall(r'^    "(\w+) (\d+)"$', RUN.read_text(), re.MULTILINE)}


def test_every_stage_has_a_file_a_limit_and_a_line_in_the_page() -> None:
    page = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
    assert sorted(listed()) == sorted(path.name for path in STAGES.iterdir())
    assert [name for name in listed() if f"| `{name}` |" not in page] == []
    assert sum(listed().values()) <= 60


def test_the_scripts_can_be_read() -> None:
    for path in (RUN, *STAGES.iterdir()):
        subprocess.run(["bash", "-n", str(path)], check=True)


def test_an_unknown_stage_is_refused() -> None:
    ended = subprocess.run(["bash", str(RUN), "nonsense"], capture_output=True, text=True)
    assert ended.returncode == 2
    assert ended.stderr.startswith(".ci/run: nonsense: must be one of newcomer")


@pytest.mark.parametrize(
    ("script", "status", "says"),
    [
        ("echo tested", 0, "one: passed"),
        ("exit 3", 1, "one: failed with status 3"),
        ("false; echo not reached", 1, "one: failed"),
    ],
)
def test_the_outcome_of_a_stage_is_told(tmp_path: Path, script: str, status: int, says: str) -> None:
    folder = tmp_path / ".ci"
    (folder / "stages").mkdir(parents=True)
    stages = 'stages=( # name, minutes at most\n    "one 1"\n    "two 1"\n)'
    (folder / "run").write_text(re.sub(r"stages=\(.*?\n\)", stages, RUN.read_text(), count=1, flags=re.DOTALL))
    (folder / "stages" / "one").write_text(script)
    (folder / "stages" / "two").write_text("exit 9")
    ended = subprocess.run(["bash", str(folder / "run"), "one"], capture_output=True, text=True)
    assert ended.returncode == status
    assert says in ended.stdout
    assert "two" not in ended.stdout
    assert "not reached" not in ended.stdout
