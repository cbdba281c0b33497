"""Sentences as streams of pieces: what goes in and comes out, nothing held out, and a loss that falls."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="trains with PyTorch, the extra `train`")

from azsim.train.corpus.heldout import sentence_side  # noqa: E402 (needs torch)
from azsim.train.graph_recipe import GraphRecipe, make_task  # noqa: E402
from azsim.train.graph_trainer import GraphTrainer  # noqa: E402
from azsim.train.recipe import Schedule  # noqa: E402
from azsim.train.tasks.language_model import IGNORED, PIECE, LanguageModelTask  # noqa: E402

WORDS = [f"{first}{last}" for first in ("ta", "ri", "mo", "ku", "se") for last in ("len", "dor", "pas", "nim", "gat")]
TEXT = [" ".join(np.random.default_rng(n).choice(WORDS, 5)) for n in range(200)]


@pytest.fixture
def recipe(tmp_path: Path) -> tuple[GraphRecipe, LanguageModelTask]:
    (tmp_path / "commands.txt").write_text("\n".join(TEXT))
    made = GraphRecipe(
        title="small",
        task="language_model",
        network={"pieces_of": "rnnt-small-3bit-50", "embedding": 12, "units": 16},
        data={"text": "commands.txt", "batch": 8, "noise": 0.2},
        schedule=Schedule(steps=12, peak_learning_rate=0.02, warm_up_steps=2),
    )
    return made, make_task(made, "small", tmp_path)


def test_what_should_come_out_is_what_goes_in_next(recipe: tuple[GraphRecipe, LanguageModelTask]) -> None:
    _, task = recipe
    batch = task.batch(np.random.default_rng(0))
    pieces, wanted = batch.inputs[PIECE], batch.targets["next"]
    assert pieces.shape == wanted.shape
    assert len(pieces) == 8
    same = total = 0
    for row, out in zip(pieces, wanted, strict=True):
        length = int((out != IGNORED).sum())
        assert (row[0], out[length - 1]) == (0, 0)
        assert (row[length:] == 0).all()
        same += int((row[1:length] == out[: length - 1]).sum())
        total += length - 1
    assert 0.6 < same / total < 1  # the others are noise


def test_held_out_sentences_are_measured_and_never_learned(recipe: tuple[GraphRecipe, LanguageModelTask]) -> None:
    _, task = recipe
    held_out = {text for texts in task._held_out.values() for text in texts}
    assert {sentence_side(text) for name in ("coffee", "speaker") for text in task._held_out[name]} == {"dev"}
    rng = np.random.default_rng(0)
    drawn = {draw(rng) for draw in (task._draw_command, task._draw_order, task._draw_request) for _ in range(200)}
    assert not drawn & held_out


def test_it_learns(recipe: tuple[GraphRecipe, LanguageModelTask], tmp_path: Path) -> None:
    made, task = recipe
    trainer = GraphTrainer(made, task, tmp_path / "run")
    before = trainer.measure()
    finished = trainer.run()
    assert all(finished.measured[name] < before[name] for name in before)
    assert set(finished.measured) == {"command_perplexity", "coffee_perplexity", "speaker_perplexity"}
    assert finished.task.facts()["pieces"].startswith("<blank> ")
