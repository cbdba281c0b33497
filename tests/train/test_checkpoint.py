"""Training state on disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from safetensors.numpy import save_file

pytest.importorskip("torch", reason="training needs the extra `train`")

import torch

from azsim.errors import InputError
from azsim.train.checkpoint import Checkpoint, RunConstants, load_checkpoint, save_checkpoint
from azsim.train.model import Shape
from azsim.train.progress import Progress

SETUP = RunConstants(seed=3, pieces=["<blank>", "\u2581a"], hidden=8, embedding=6, joint=5, prediction=4)
PROGRESS = Progress(step=12, stage=1, folders=["shard-00"], elapsed_s=1.25, wer_percent=33.5)


def made(value: float = 1.0) -> Checkpoint:
    return Checkpoint(SETUP, PROGRESS, {"values": torch.full((5,), value), "mean": torch.arange(3.0)})


def test_everything_comes_back(tmp_path: Path):
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, made())
    found = load_checkpoint(path)
    assert (found.setup, found.progress) == (SETUP, PROGRESS)
    assert found.tensors.keys() == made().tensors.keys()
    assert all(torch.equal(found.tensors[name], tensor) for name, tensor in made().tensors.items())
    assert found.setup.shape == Shape(vocabulary=2, hidden=8, embedding=6, joint=5, prediction=4)


def test_the_old_one_stays_until_the_new_one_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, made(1.0))

    def killed(source: Path, target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            save_checkpoint(path, made(2.0))
    assert load_checkpoint(path).tensors["values"].tolist() == [1.0] * 5
    save_checkpoint(path, made(3.0))
    assert load_checkpoint(path).tensors["values"].tolist() == [3.0] * 5
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_no_checkpoint_is_named(tmp_path: Path):
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, made())
    whole = path.read_bytes()
    for damaged in (b"", whole[:40], whole[:-3]):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"checkpoint\.safetensors: not a readable training checkpoint"):
            load_checkpoint(path)
    for metadata in (None, {"setup": "{}"}, {"setup": "{}", "progress": "{}"}):
        save_file({"values": made().tensors["values"].numpy()}, path, metadata)
        with pytest.raises(InputError, match="not a readable training checkpoint"):
            load_checkpoint(path)
