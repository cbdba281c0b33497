"""Recipes run in their order: what fails is tried once more, what others run is waited for."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.train.recipe import SCRATCH
from azsim.train.recipe_file import load_recipe
from experiments import trainings

BUILDS_ON = {"base": "", "student": "base", "joint/a": "student", "joint/b": "student"}


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, int]], tuple[int, list[str]]]:
    """Runs ``work`` with recipes that fail so often before they succeed; gives its answer and what ran."""
    monkeypatch.setattr(trainings, "recipe_names", lambda: list(BUILDS_ON))
    monkeypatch.setattr(
        trainings,
        "is_ready",
        lambda name, runs: not BUILDS_ON[name] or trainings.is_done(BUILDS_ON[name], runs),
    )

    def run(failing: dict[str, int]) -> tuple[int, list[str]]:
        ran: list[str] = []

        def run_one(name: str, arguments: Namespace) -> bool:
            ran.append(name)
            if ran.count(name) <= failing.get(name, 0):
                return False
            (arguments.runs / name / "final.safetensors").touch()
            return True

        monkeypatch.setattr(trainings, "run_one", run_one)
        return trainings.work(Namespace(runs=tmp_path, patterns=[], corpus=None)), ran

    return run


def test_all_run_in_order_and_none_twice(go) -> None:
    assert go({}) == (0, list(BUILDS_ON))
    assert go({}) == (0, [])


def test_a_run_that_failed_has_a_second_turn_after_the_others(go) -> None:
    assert go({"joint/a": 1}) == (0, ["base", "student", "joint/a", "joint/b", "joint/a"])


def test_what_fails_twice_is_given_up_and_what_builds_on_it_left_out(go, capsys) -> None:
    assert go({"student": 9}) == (1, ["base", "student", "student"])
    assert "left out, since what they build on is not there yet: joint/a, joint/b" in capsys.readouterr().out


def test_what_another_process_runs_is_waited_for(go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as other:
        assert other.enter_context(trainings.claimed("base", tmp_path))

        def the_other_ends(seconds: float) -> None:
            (tmp_path / "base" / "final.safetensors").touch()
            other.close()

        monkeypatch.setattr(trainings.time, "sleep", the_other_ends)
        assert go({}) == (0, ["student", "joint/a", "joint/b"])


def test_what_another_process_gave_up_is_taken_over(go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as other:
        assert other.enter_context(trainings.claimed("base", tmp_path))
        monkeypatch.setattr(trainings.time, "sleep", lambda seconds: other.close())
        assert go({}) == (0, list(BUILDS_ON))


def test_a_recipe_waits_for_all_it_builds_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = load_recipe("distilled/alone")[1]
    spelt = msgspec.structs.replace(recipe, start=SCRATCH, distillation=None, spelling="speller")
    monkeypatch.setattr(trainings, "load_recipe", lambda name: (name, spelt))
    assert not trainings.is_ready("mine", tmp_path)
    (tmp_path / "speller").mkdir()
    (tmp_path / "speller" / "final.safetensors").touch()
    assert trainings.is_ready("mine", tmp_path)


def test_wrong_options_are_refused_before_anything_runs(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(trainings.subprocess, "Popen", lambda *words: pytest.fail("started"))
    monkeypatch.setattr(trainings.sys, "argv", ["trainings.py", "--jobs", "2", "base", "nosuch"])
    assert trainings.main() == 2
    assert capsys.readouterr().err == "error: nosuch: no recipe matches; azsim train --list\n"
    monkeypatch.setattr(trainings.sys, "argv", ["trainings.py", "--jobs", "0"])
    with pytest.raises(SystemExit):
        trainings.main()
    assert "0: must be a whole number from 1 to 64" in capsys.readouterr().err
