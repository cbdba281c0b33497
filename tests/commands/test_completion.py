"""A shell is told every command and option, and the names of devices, networks and codecs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from azsim.cli import main


def script(capsys: pytest.CaptureFixture[str], shell: str) -> str:
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_it_names_commands_options_and_what_they_take(capsys: pytest.CaptureFixture[str], shell: str) -> None:
    said = script(capsys, shell)
    for word in ("compare", "update", "--max-memory", "--quiet", "az1", "rnnt-5bit-50", "zvsv"):
        assert word in said


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs a POSIX shell")
def test_bash_completes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "script").write_text(script(capsys, "bash"))
    ask = 'source ./script; COMP_WORDS=(azsim {} "{}"); COMP_CWORD={}; _shtab_azsim; echo "${{COMPREPLY[@]}}"'
    for before, last, place, expected in (
        ("", "ins", 1, "inspect"),
        ("run --device", "ethos", 3, "ethos-u65-like"),
        ("run --codec", "zv", 3, "zvsv"),
    ):
        code = ask.format(before, last, place)
        ended = subprocess.run(["bash", "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
        assert ended.stdout.split() == [expected]


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "elvish"]) == 2
    assert capsys.readouterr().err.startswith("azsim: elvish: must be one of bash, zsh")
