"""A command is a file of the folder: found by its name, imported when it is asked for, and light until it works."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from azsim import commands
from azsim.cli import main, parser
from azsim.commands import command_names, load_command

FOLDER = Path(commands.__file__).parent
HEAVY = {"asyncio", "azsim.chip", "azsim.compare", "cryptography", "msgspec", "numba", "numpy", "rich"}
"""What takes too long to import for a line of help."""

ONE_FILE = '''
HELP = "says a word twice"

def declare(command):
    command.add_argument("word")

def perform(options):
    if not options.json:
        print(options.word * 2)
    return {"said": options.word * 2}
'''


def modules_after(*words: str) -> set[str]:
    """Modules that the command line has imported when it ends."""
    code = (
        "import json, sys\nfrom azsim.cli import main\n"
        f"try:\n    main({list(words)!r})\nexcept SystemExit:\n    pass\n"
        "print(); print(json.dumps(sorted(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(ended.stdout.splitlines()[-1]))


def test_every_file_is_a_command_and_nothing_else_is() -> None:
    files = {path.stem.replace("_", "-") for path in FOLDER.glob("*.py")} - {"--init--"}
    assert set(command_names()) == files
    assert {"run", "compare", "matvec", "inspect"} <= files


@pytest.mark.parametrize("name", command_names())
def test_a_command_says_what_it_does_and_takes_what_all_take(name: str) -> None:
    command = load_command(name)
    assert 10 < len(command.HELP) < 90
    for last in parser([name])._subparsers._group_actions[0].choices[name].without_actions():
        assert {"--json", "--quiet", "--verbose", "--max-memory"} <= set(last.options())


def test_another_command_is_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "say_twice.py").write_text(ONE_FILE)
    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(tmp_path)])
    assert main(["say-twice", "ha"]) == 0
    assert capsys.readouterr().out == "haha\n"
    assert main(["say-twice", "ha", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"said": "haha"}
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "says a word twice" in capsys.readouterr().out
    sys.modules.pop("azsim.commands.say_twice")


@pytest.mark.parametrize("words", [("--version",), ("--help",), ("nonsense",)])
def test_what_asks_for_no_command_imports_no_work(words: tuple[str, ...]) -> None:
    assert modules_after(*words) & HEAVY == set()


@pytest.mark.parametrize("name", command_names())
def test_help_of_a_command_imports_that_command_alone(name: str) -> None:
    modules = modules_after(name, "--help")
    assert modules & HEAVY == set()
    assert {module for module in modules if module.startswith("azsim.commands.")} - {
        "azsim.commands.shared", "azsim.commands.shared.options", "azsim.commands.shared.reporting"
    } == {f"azsim.commands.{name.replace('-', '_')}"}  # fmt: skip
