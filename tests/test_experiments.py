"""Experiments run by name from any folder, and their folders are laid out alike."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from azsim.errors import InputError
from azsim.experiments import command_of, experiment_names, main
from azsim.resources import shipped_root
from tests.test_cli import SEEN

FOLDER = shipped_root() / "experiments"
REPORTS = shipped_root() / "reports"


def test_an_experiment_runs_from_any_folder_and_none_there_takes_its_place(tmp_path: Path) -> None:
    (tmp_path / "experiments" / "validation").mkdir(parents=True)
    for name in ("__init__", "__main__"):
        (tmp_path / "experiments" / "validation" / f"{name}.py").write_text("raise SystemExit('another')")
    (tmp_path / "experiments" / "__init__.py").write_text("raise SystemExit('another')")
    command = [sys.executable, "-m", "azsim.experiments", "validation", "--help"]
    done = subprocess.run(command, cwd=tmp_path, env=SEEN, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: python -m experiments.validation [-h] [--out OUT]")


def test_the_options_are_the_experiments_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/else where")
    command, environment = command_of(["echo", "--limit", "1"])
    assert command[-4:] == ["-m", "experiments.echo", "--limit", "1"]
    assert environment["PYTHONPATH"] == f"{shipped_root()}:/else where"


def test_without_a_known_name_it_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match=r"give the name of an experiment; there are analytic, .*, validation"):
        command_of([])
    assert main(["validaton"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("azsim.experiments: validaton: no such experiment; there are ")
    assert line.endswith("; did you mean 'validation'?")


@pytest.mark.skipif(not REPORTS.is_dir(), reason="the reports travel with the source, not with the wheel")
def test_an_experiment_and_its_report_have_one_name() -> None:
    made = {path.name for path in REPORTS.iterdir() if path.is_dir()}
    assert made - set(experiment_names()) == {"compression"}, "`azsim compare` makes that one"
    assert all(name.isidentifier() for name in made)
    assert set(experiment_names()) <= made


def test_nothing_changes_where_python_looks_and_nothing_runs_on_import() -> None:
    for path in FOLDER.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert "sys.path" not in ast.unparse(tree), path
        loose = [node for node in tree.body if isinstance(node, (ast.For, ast.While, ast.With, ast.Try))]
        calls = [node for node in tree.body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
        assert loose + calls == [], path
