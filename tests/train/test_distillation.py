"""Learning from a teacher: no loss where there is nothing to learn, transcripts for what nobody wrote down."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.errors import InputError  # noqa: E402 (needs torch)
from azsim.train.data import load_utterances  # noqa: E402 (needs torch)
from azsim.train.decode import recognise  # noqa: E402 (needs torch)
from azsim.train.distillation import (  # noqa: E402 (needs torch)
    delayed,
    encoder_distance,
    lattice_divergence,
    padded,
    three_ways,
    transcribed,
)
from azsim.train.export import load_model  # noqa: E402 (needs torch)
from azsim.train.recipe import Distillation  # noqa: E402 (needs torch)
from azsim.train.rnnt_loss import Cells  # noqa: E402 (needs torch)
from azsim.train.trainer import Trainer  # noqa: E402 (needs torch)
from tests.train.recipes import place_in, tiny_recipe  # noqa: E402 (needs torch)

CELLS = Cells.plain((3, 2), ((2, 1), (3,)))
VOCABULARY = 5


def logits(seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(int(CELLS.first_row[-1]), VOCABULARY, generator=generator)


def test_the_three_ways_add_up_and_the_last_cell_has_two():
    ways = three_ways(logits(0), CELLS).exp()
    assert torch.allclose(ways.sum(1), torch.ones(len(ways)), atol=1e-5)
    last = CELLS.next_labels == 0
    assert (ways[torch.from_numpy(last), 0] < 1e-5).all()
    probabilities = torch.softmax(logits(0), 1)
    assert torch.allclose(ways[:, 1], probabilities[:, 0], atol=1e-6)
    assert ways[0, 0].item() == pytest.approx(probabilities[0, 2].item(), rel=1e-5)


def test_divergence_is_that_of_its_definition_and_zero_at_equality():
    student, teacher = logits(1).requires_grad_(), logits(2)
    value = lattice_divergence(student, teacher, CELLS)
    p, q = three_ways(teacher, CELLS).exp().numpy(), three_ways(student.detach(), CELLS).exp().numpy()
    assert value.item() == pytest.approx(float((p * np.log(p / q)).sum()), rel=1e-4)
    same = lattice_divergence(student, student.detach().clone(), CELLS)
    same.backward()
    assert abs(same.item()) < 1e-6
    assert student.grad.abs().max() < 1e-6


def test_encoder_distance_counts_true_frames_alone_and_is_zero_at_equality():
    one, other = torch.zeros(3, 2, 4), torch.zeros(3, 2, 4)
    other[2, 1] = 7.0  # beyond the end of the second utterance
    assert encoder_distance(one, other, (3, 2)).item() == 0
    other[1, 0] = 2.0
    assert encoder_distance(one, other, (3, 2)).item() == pytest.approx(4.0)


def test_a_delayed_teacher_says_the_same_later():
    encoded = torch.arange(5.0).reshape(5, 1, 1)
    assert delayed(encoded, 2).flatten().tolist() == [0, 0, 0, 1, 2]
    assert delayed(encoded, 0) is encoded


def teacher_of(corpus: Path, tmp_path: Path, bidirectional: bool = False) -> Path:
    recipe = tiny_recipe(steps=3, flat_steps=1)
    sizes = msgspec.structs.replace(recipe.sizes, hidden=16, bidirectional=bidirectional)
    Trainer(msgspec.structs.replace(recipe, sizes=sizes), place_in(corpus, tmp_path / "teacher")).run()
    return tmp_path / "teacher" / "final.safetensors"


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_student_from_scratch_learns_from_a_teacher_and_resumes(
    tiny_corpus: Path, tmp_path: Path, bidirectional: bool
):
    teacher = teacher_of(tiny_corpus, tmp_path, bidirectional)
    settings = Distillation("teacher", 0.05, 0.5, delay_steps=2 * bidirectional)
    recipe = tiny_recipe(steps=5, flat_steps=1, distillation=settings)
    Trainer(recipe, place_in(tiny_corpus, tmp_path / "whole", teacher=teacher)).run()
    place = place_in(tiny_corpus, tmp_path / "broken", teacher=teacher)
    first = Trainer(recipe, place)
    first.model.train()
    for _, chosen in zip(range(3), first.batches(), strict=False):
        first.step(chosen)
    first.save()
    second = Trainer(recipe, place)
    second.run()
    whole, broken = (load_model(tmp_path / name / "final.safetensors") for name in ("whole", "broken"))
    assert whole[2].strings == load_model(teacher)[2].strings
    for name, matrix in whole[0].matrices().items():
        assert torch.equal(matrix, broken[0].matrices()[name]), name
    assert second.mechanisms[0].notes()["encoder_distance_per_step"] > 0


def test_a_teacher_that_is_the_student_leaves_nothing_to_learn(tiny_corpus: Path, tmp_path: Path):
    teacher = teacher_of(tiny_corpus, tmp_path)
    recipe = tiny_recipe(steps=1, flat_steps=0, distillation=Distillation("teacher", 1.0, clean=False))
    trainer = Trainer(recipe, place_in(tiny_corpus, tmp_path / "same", start=teacher, teacher=teacher))
    trainer.model.eval()
    trainer.step(next(trainer.batches()))
    assert trainer.mechanisms[0].notes()["lattice_divergence_per_cell"] < 1e-6


def test_other_word_pieces_are_refused(tiny_corpus: Path, tmp_path: Path):
    teacher = teacher_of(tiny_corpus, tmp_path)
    recipe = tiny_recipe(steps=2, distillation=Distillation("teacher"))
    sizes = msgspec.structs.replace(recipe.sizes, pieces=12)
    other = msgspec.structs.replace(recipe, sizes=sizes, distillation=None)
    Trainer(other, place_in(tiny_corpus, tmp_path / "other")).run()
    place = place_in(tiny_corpus, tmp_path / "x", start=tmp_path / "other" / "final.safetensors", teacher=teacher)
    with pytest.raises(InputError, match="word pieces"):
        Trainer(recipe, place)


def test_recordings_without_text_get_the_teachers_and_no_label_loss(tiny_corpus: Path, tmp_path: Path):
    teacher = teacher_of(tiny_corpus, tmp_path)
    utterances = load_utterances(tiny_corpus, ["eval"])["dev-seen"]
    guessed = transcribed(utterances, teacher, tmp_path / "heard.json")
    model, normaliser, pieces, _ = load_model(teacher)
    heard = [r.hypothesis for r in recognise(model, utterances, pieces, normaliser)]
    assert [u.line.text for u in guessed] == [text for text in heard if text]
    assert not any(u.is_labelled for u in guessed)
    again = transcribed(utterances, tmp_path / "not needed", tmp_path / "heard.json")
    assert [u.line for u in again] == [u.line for u in guessed]


def test_padding_is_the_mean():
    from azsim.train.data import Normaliser

    normaliser = Normaliser(np.full(64, 3, np.float32), np.ones(64, np.float32))
    batch = padded([np.full((2, 64), 4, np.float32), np.full((4, 64), 4, np.float32)], normaliser, 3)
    assert batch.shape == (2, 3, 64)
    assert batch[:, :, 0].tolist() == [[1, 1, 0], [1, 1, 1]]
