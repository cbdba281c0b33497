"""Several processes that share every step."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.train.checkpoint import load_checkpoint
from azsim.train.workers import train
from tests.train.recipes import place_in, tiny_recipe


def test_two_workers_share_one_gradient(tiny_corpus: Path, tmp_path: Path):
    train(tiny_recipe(steps=3, workers=2), place_in(tiny_corpus, tmp_path))
    assert load_checkpoint(tmp_path / "checkpoint.safetensors").progress.step == 3
