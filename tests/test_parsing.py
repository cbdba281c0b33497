"""A command line says each thing once, in full."""

from __future__ import annotations

import pytest

from azsim.parsing import OneLineParser


@pytest.fixture
def parser() -> OneLineParser:
    top = OneLineParser(prog="az")
    top.add_argument("--seed", "-s", type=int, default=1)
    top.add_argument("--dry", action="store_true")
    top.add_argument("--file", action="append")
    below = top.add_subparsers(dest="command").add_parser("go")
    below.add_argument("--seed", type=int, default=1)
    below.add_argument("names", nargs="*")
    return top


def refused(parser: OneLineParser, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(words)
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize("words", [["--seed", "1", "--seed", "2"], ["--seed=1", "-s1"], ["go", "--seed=1", "--seed=1"]])
def test_an_option_with_one_value_is_given_once(
    parser: OneLineParser, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert "given more than once, takes one value; see az" in refused(parser, capsys, *words)


def test_each_command_and_each_line_counts_for_itself(parser: OneLineParser) -> None:
    for _ in range(2):
        words = ["--seed", "3", "--dry", "--dry", "--file", "a", "--file", "b", "go", "--seed", "4", "a"]
        parsed = parser.parse_args(words)
        assert (parsed.seed, parsed.dry, parsed.file, parsed.names) == (4, True, ["a", "b"], ["a"])


@pytest.mark.parametrize("words", [["--se=1"], ["go", "--se", "1"]])
def test_nothing_is_guessed(parser: OneLineParser, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert "unrecognized arguments: --se" in refused(parser, capsys, *words)


def test_an_option_that_is_none_is_offered_the_nearest(
    parser: OneLineParser, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "--sead=1; did you mean '--seed'?; see az --help" in refused(parser, capsys, "go", "--sead=1")
