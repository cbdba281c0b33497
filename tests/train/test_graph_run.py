"""`azsim train` with the recipe of a small network: what it leaves is a network that azsim reads and runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="trains with PyTorch, the extra `train`")
pytest.importorskip("sentencepiece", reason="trains with PyTorch, the extra `train`")

from azsim.cli import main  # noqa: E402
from azsim.compress.stored import load_compressed, load_network  # noqa: E402
from azsim.nn.graph.executor import Executor, Model  # noqa: E402
from azsim.nn.graph.network import GraphNetwork  # noqa: E402
from azsim.train import graph_run  # noqa: E402
from azsim.train.publish_small import publish  # noqa: E402
from azsim.train.recipe import Schedule  # noqa: E402
from azsim.train.recipe_file import load_any_recipe  # noqa: E402

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


def test_what_was_trained_is_shipped_as_bitstreams_with_a_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZSIM_DATA", raising=False)
    recipe = load_any_recipe("sentence_end")[1]
    few = msgspec.structs.replace(
        recipe,
        network={"embedding": 4, "units": 8},
        data={"sentences": 8, "people_share": 0.0, "text_share": 0.0},
        schedule=Schedule(steps=3, peak_learning_rate=1e-2),
    )
    final = graph_run.run(few, "sentence_end", tmp_path, tmp_path / "run", is_quiet=True)
    small = publish(final, "Sentences of the grammars.", tmp_path / "sentence")
    again = load_compressed(tmp_path / "sentence")
    trained = load_network(final)
    for name, weights in again.integer_weights.items():
        np.testing.assert_array_equal(weights.values, trained.quantised[name].values)
    assert {name: each.encoded.data for name, each in again.matrices.items()} == {
        name: each.encoded.data for name, each in small.matrices.items()
    }
    card = (tmp_path / "sentence" / "card.md").read_text()
    assert card.startswith("# sentence\n\nA graph of ")
    assert "    azsim train sentence_end\n" in card
    assert "Sentences of the grammars." in card
