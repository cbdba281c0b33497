"""Where nobody looks at a terminal, every part is a line."""

from __future__ import annotations

import io
import sys

import pytest

from azsim.commands.shared.progress import Lines, shown
from azsim.notices import Notice, tell


def test_a_line_for_every_part_and_for_what_begins() -> None:
    out, times = io.StringIO(), iter([10.0, 10.4, 12.0, 13.0, 99.0])
    lines = Lines("comparing", out, lambda: next(times))
    lines.expect(2)
    lines.spin("reading speech")
    lines.spin("reading speech")
    lines.advance("int8 raw")
    lines.advance("cloud")
    lines.spin("drawing")
    assert out.getvalue().splitlines() == [
        "comparing, 0 s: reading speech",
        "comparing, 2 s: 1 of 2 done: int8 raw",
        "comparing, 3 s: 2 of 2 done: cloud",
        "comparing, 89 s: drawing",
    ]


@pytest.mark.parametrize(("is_verbose", "count"), [(False, 1), (True, 2)])
def test_notices_are_said_once_or_each_with_its_detail(
    capsys: pytest.CaptureFixture[str], is_verbose: bool, count: int
) -> None:
    with shown("running", is_quiet=False, is_verbose=is_verbose):
        tell(Notice("compiling kernels", "one"))
        tell(Notice("compiling kernels", "two"))
    said = capsys.readouterr()
    assert len(said.err.splitlines()) == count
    assert said.out == ""
    tell(Notice("compiling kernels", "three"))
    assert capsys.readouterr().err == ""


def test_quiet_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with shown("running", is_quiet=True, is_verbose=False) as progress:
        progress.expect(1)
        progress.spin("reading")
        progress.advance("one")
        tell(Notice("compiling kernels"))
    assert capsys.readouterr() == ("", "")


def test_a_closed_standard_error_is_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with shown("running", is_quiet=False, is_verbose=False) as progress:
        progress.advance("one")
