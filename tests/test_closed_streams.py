"""Closed or full standard streams: one line and the right status, or silence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from azsim.resources import shipped

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="closing streams needs a POSIX shell")
INSPECT = ("inspect", "az1")


def ended(shell: str, *arguments: str) -> subprocess.CompletedProcess:
    """``azsim`` with ``arguments`` and redirections."""
    command = ["sh", "-c", f'"$0" -m azsim "$@" {shell}', sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize("arguments", [INSPECT, ("--version",), ("run", "x.wav", "--json")])
def test_a_closed_output_is_refused_in_one_line(arguments: tuple[str, ...]) -> None:
    done = ended(">&-", *arguments)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("azsim: standard output is closed")


def test_a_closed_error_changes_nothing_else(tmp_path: Path) -> None:
    good = ended("2>&-", *INSPECT, "--json")
    assert good.returncode == 0
    assert good.stdout.startswith("{")
    wrong = ended("2>&-", "inspect", "no-such-device")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    recording = str(shipped("experiments", "speech/test-seen-001.flac"))
    run = ended("2>&-", "run", recording, "--no-music", "--out", str(tmp_path / "out"))
    assert run.returncode == 0
    assert f"report: {tmp_path}" in run.stdout


def test_all_closed(tmp_path: Path) -> None:
    done = ended("<&- >&- 2>&-", *INSPECT)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs the full device of a POSIX system")
@pytest.mark.parametrize("arguments", [INSPECT, (*INSPECT, "--json"), ("--help",), ("--version",), ("run", "--help")])
def test_an_output_that_is_full_is_said(arguments: tuple[str, ...]) -> None:
    done = ended(">/dev/full", *arguments)
    assert (done.returncode, done.stderr) == (1, "azsim: standard output: No space left on device\n")
