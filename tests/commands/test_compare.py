"""What `azsim compare` says of its work; the work itself is replaced."""

from __future__ import annotations

import argparse
from pathlib import Path
from types import SimpleNamespace

import pytest

from azsim.cli import parser
from azsim.commands import compare
from azsim.errors import AzsimWarning
from tests.report import invented


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SimpleNamespace:
    """How many utterances were asked for; there are five."""
    monkeypatch.chdir(tmp_path)
    record = SimpleNamespace()
    setup = SimpleNamespace(utterances=(1, 2, 3, 4, 5), device=SimpleNamespace(name="az1"))

    def made(experiment, file, speech, utterances, *others, **named):
        record.asked = utterances
        return setup

    comparison = invented.comparison(utterances=2)
    monkeypatch.setattr("azsim.compare.runner.make_setup", made)
    monkeypatch.setattr("azsim.compare.runner.tasks_of", lambda setup: ())
    monkeypatch.setattr("azsim.compare.runner.compare", lambda *given: comparison)
    monkeypatch.setattr("azsim.compare.devices.check_devices", lambda setups: None)
    monkeypatch.setattr("azsim.compare.devices.side_by_side", lambda comparisons: comparison)
    monkeypatch.setattr("azsim.report.write.write_report", lambda comparison, out: Path.cwd() / out)
    monkeypatch.setattr(compare, "replace", lambda setup, trace: setup)
    monkeypatch.setattr(compare, "ignore_interrupts", lambda: None)
    return record


def options(*words: str) -> argparse.Namespace:
    return parser(["compare"]).parse_args(["compare", *words])


def test_more_utterances_than_there_are_is_said_in_one_line(done: SimpleNamespace) -> None:
    with pytest.warns(AzsimWarning, match=r"^--utterances 999: there are 5; all are used$"):
        compare.perform(options("--utterances", "999", "--json"))
    assert done.asked == 999


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("words", [(), ("--utterances", "5"), ("--utterances", "3")])
def test_as_many_as_there_are_is_nothing_to_say(done: SimpleNamespace, words: tuple[str, ...]) -> None:
    compare.perform(options(*words, "--json"))


def test_the_console_shows_intervals_as_the_page_does(
    done: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    compare.perform(options("--quiet"))
    shown = capsys.readouterr().out
    assert "\u00b1" not in shown
    row = invented.comparison(utterances=2).rows[0]
    assert f"{row.wer_percent:.1f} [{row.wer_low_percent:.1f}, {row.wer_high_percent:.1f}]" in shown
