"""`azsim train` with the recipe of a small network: what it leaves is a network that azsim reads and runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="trains with PyTorch, the extra `train`")
pytest.importorskip("sentencepiece", reason="trains with PyTorch, the extra `train`")

from azsim.cli import main  # noqa: E402
from azsim.compress.stored import load_network  # noqa: E402
from azsim.nn.graph.executor import Executor, Model  # noqa: E402
from azsim.nn.graph.network import GraphNetwork  # noqa: E402

RECIPE = """
title = "few steps"
task = "sentence_end"
[network]
embedding = 4
units = 8
[data]
sentences = 8
people_share = 0.0
text_share = 0.0
[schedule]
steps = 3
peak_learning_rate = 1e-2
warm_up_steps = 1
"""


def test_a_run_leaves_a_network_and_goes_on_where_it_was_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AZSIM_DATA", raising=False)
    path = tmp_path / "few.toml"
    path.write_text(RECIPE)
    command = ["train", str(path), "--runs", str(tmp_path / "runs"), "--corpus", str(tmp_path), "--json", "--quiet"]
    assert main(command) == 0
    made = Path(json.loads(capsys.readouterr().out)["model"])
    assert made == tmp_path / "runs" / "few" / "final.safetensors"
    first = load_network(made).digest
    assert main(command) == 0
    assert load_network(made).digest == first
    network = load_network(made)
    assert isinstance(network, GraphNetwork)
    posteriors = Executor(Model.in_integers(network.integers(network.quantised))).push({"letters": np.arange(5)})
    assert posteriors["posterior"].shape == (5, 1)


@pytest.mark.parametrize(
    ("changed", "more", "said"),
    [
        (("units = 8", "unit = 8"), [], "few.toml.*network: unit: unknown key"),
        (('"sentence_end"', '"sentence_ned"'), [], "task = 'sentence_ned': must be one of"),
        (("few", "few"), ["--workers", "2"], "--workers: a small network"),
    ],
)
def test_what_is_wrong_is_said(
    changed: tuple[str, str], more: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "few.toml"
    path.write_text(RECIPE.replace(*changed))
    assert main(["train", str(path), "--runs", str(tmp_path / "runs"), "--corpus", str(tmp_path), *more]) == 2
    assert re.search(said, capsys.readouterr().err)
