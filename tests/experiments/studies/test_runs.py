"""Which runs a study finds, and the one line in which it ends without them or without a corpus."""

from __future__ import annotations

import importlib
import shutil
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the studies need the extra `train`")

from azsim.errors import InputError
from azsim.nn.rnnt.save import save_network
from azsim.nn.sealed import network_file
from experiments.studies.runs import runs_folder, trained
from tests.conftest import random_network


def test_the_folder_is_that_of_the_environment_or_that_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZSIM_RUNS", raising=False)
    assert runs_folder() == Path("runs/train")
    monkeypatch.setenv("AZSIM_RUNS", "/elsewhere")
    assert runs_folder() == Path("/elsewhere")


def test_what_is_there_comes_once_and_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("control", "mwer/control"):
        save_network(random_network(8), tmp_path / name / "final.safetensors")
    found = trained(["mwer/control", "base", "control", "mwer/control"], tmp_path)
    assert found == {name: tmp_path / name / "final.safetensors" for name in ("mwer/control", "control")}
    assert capsys.readouterr().out == "base is not trained yet\n"
    with pytest.raises(InputError, match="nowhere: nothing is trained yet; azsim train --list"):
        trained(["base"], tmp_path / "nowhere")


def ended(study: str, runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What a study's command says in its one line of error, without a corpus."""
    folders = ["--runs", str(runs), "--corpus", str(runs / "no-corpus"), "--out", str(runs / "out")]
    monkeypatch.setattr(sys, "argv", [study, *folders])
    module = importlib.import_module(f"experiments.{study}.__main__")
    if study == "quantisation":
        assert module.main(study, "", "", module.cases(), "weight_bits") == 2
    else:
        assert module.main() == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert not (runs / "out").exists()
    return said


@pytest.mark.parametrize("study", ["quantisation", "mwer", "audio_context", "branching", "training_cost"])
def test_without_runs_or_a_corpus_a_study_ends_in_one_line(
    study: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = "azsim train student makes it" if study == "training_cost" else f"{tmp_path}: nothing is trained yet"
    assert nothing in ended(study, tmp_path, monkeypatch, capsys)
    if study == "branching":
        save_network(random_network(8), tmp_path / "branching" / "small" / "final.safetensors")
        assert "azsim train control" in ended(study, tmp_path, monkeypatch, capsys)
    for name in ("base", "control", "student", "teacher", "quantisation/control"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        shutil.copy(network_file("rnnt-student"), tmp_path / name / "final.safetensors")
    assert "no-corpus: no corpus; python -m azsim.train.corpus build" in ended(study, tmp_path, monkeypatch, capsys)
