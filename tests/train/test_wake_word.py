"""Training with the encoder's state kept after a wake word."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import msgspec
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.train.model import Shape, Transducer  # noqa: E402 (needs torch)
from azsim.train.recipe import RecipeStage  # noqa: E402 (needs torch)
from azsim.train.trainer import Trainer  # noqa: E402 (needs torch)
from tests.train.recipes import VARIED, place_in, tiny_recipe  # noqa: E402 (needs torch)


def test_outputs_after_a_wake_word_are_those_of_the_whole_and_learn_from_it():
    torch.manual_seed(1)
    model = Transducer(Shape(9, hidden=8, embedding=8, joint=8)).eval()
    features = torch.randn(2, 60, 64, requires_grad=True)
    whole, after = model.encode(features), model.encode_after(features, (3, 5), 6)
    torch.testing.assert_close(after[:, 0], whole[3:9, 0])
    torch.testing.assert_close(after[:5, 1], whole[5:10, 1])
    assert torch.equal(model.encode_after(features, (0, 0), 10), whole)
    after[0].sum().backward()
    assert features.grad[:, :18].abs().amax((1, 2)).min() > 0
    assert features.grad[0, 24:].abs().max() == 0


@pytest.fixture
def corpus(tiny_corpus: Path, tmp_path: Path) -> Path:
    """The tiny corpus, its training speech beginning with silence that is called a wake word."""
    root = tmp_path / "corpus"
    shutil.copytree(tiny_corpus, root)
    index = root / "shard-00" / "index.jsonl"
    lines = [json.loads(line) for line in index.read_text().splitlines()]
    index.write_text(
        "".join(json.dumps({**line, "split": "stream-train", "wake_end_ms": 180}) + "\n" for line in lines)
    )
    return root


def test_a_recipe_trains_on_streams_both_ways(corpus: Path, tmp_path: Path):
    losses = {}
    for way in ("kept", "reset"):
        mix = msgspec.structs.replace(VARIED, synthetic=("stream-train",), wake_word=way)
        recipe = tiny_recipe(3, stages=(RecipeStage("streams", mix, measure_every_steps=0),), spelling="")
        trainer = Trainer(recipe, place_in(corpus, tmp_path / way))
        trainer.run()
        losses[way] = trainer.progress.transducer_loss
        assert trainer.progress.step == 3
        assert (tmp_path / way / "final.safetensors").exists()
    assert losses["kept"] != losses["reset"]
