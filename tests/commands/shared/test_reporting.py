"""Options of commands that write a report, and where it lies."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from azsim.commands.shared.reporting import add_report_options, command_line, from_here, trace_options
from azsim.errors import InputError


def options(*words: str) -> argparse.Namespace:
    command = argparse.ArgumentParser()
    add_report_options(command)
    return command.parse_args(words)


def test_the_trace_is_what_the_options_ask_for() -> None:
    plain = trace_options(options())
    chosen = trace_options(options("--trace-window", "100:250", "--trace-every", "4", "--trace-events", "5000"))
    assert chosen.window_ps == (100 * 10**9, 250 * 10**9)
    assert (chosen.every, chosen.events) == (4, 5000)
    assert plain.window_ps is None


@pytest.mark.parametrize("window", ["250:100", "a:b", "100", "-5:3"])
def test_a_window_that_is_none_names_its_option(window: str) -> None:
    with pytest.raises(InputError, match="--trace-window"):
        trace_options(options(f"--trace-window={window}"))


def test_a_report_is_named_from_here_where_it_lies_below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert from_here(tmp_path / "runs" / "a") == Path("runs/a")
    assert from_here(tmp_path.parent) == tmp_path.parent


def test_the_command_is_kept_as_it_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["/somewhere/azsim", "run", "a b.wav"])
    assert command_line() == ["azsim", "run", "a b.wav"]
