"""Several processes that share every step."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import msgspec
import pytest

pytest.importorskip("torch", reason="training needs the extra `train`")

import torch
import torch.multiprocessing

from azsim.errors import InputError
from azsim.train.checkpoint import load_checkpoint
from azsim.train.workers import train
from tests.train.recipes import place_in, tiny_recipe


def test_two_workers_share_one_gradient(tiny_corpus: Path, tmp_path: Path):
    train(tiny_recipe(steps=3, workers=2), place_in(tiny_corpus, tmp_path))
    assert load_checkpoint(tmp_path / "checkpoint.safetensors").progress.step == 3


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_worker_can_explain_is_what_is_raised(tiny_corpus: Path, tmp_path: Path, workers: int):
    recipe = tiny_recipe(workers=workers)
    first, *later = recipe.stages
    nobody = msgspec.structs.replace(first.mix, synthetic=("nobody",), real=("nowhere",))
    recipe = msgspec.structs.replace(recipe, stages=(msgspec.structs.replace(first, mix=nobody), *later))
    with pytest.raises(InputError, match=r"no two utterances of the splits nobody, nowhere fit into a batch of 2000"):
        train(recipe, place_in(tiny_corpus, tmp_path))


def test_that_other_workers_are_ended_is_not_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd):
    torchs_log = logging.getLogger(torch.multiprocessing.spawn.__module__)
    shown = logging.StreamHandler(sys.stderr)  # torch's own writes to what was standard error when it was imported

    def spawn(*given: object, nprocs: int) -> None:
        torchs_log.warning("Terminating process 1 via signal SIGTERM")
        torchs_log.error("what matters")

    monkeypatch.setattr(torchs_log, "handlers", [shown])
    monkeypatch.setattr(torch.multiprocessing, "spawn", spawn)
    train(tiny_recipe(workers=2), place_in(tmp_path, tmp_path / "out"))
    assert capfd.readouterr().err == "what matters\n"
