"""Expected word errors: the unit vector, the gradient, and resuming."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from msgspec.structs import replace  # noqa: E402

from azsim.train import mwer  # noqa: E402 (needs torch)
from azsim.train.mechanism import TrainingStep  # noqa: E402 (needs torch)
from azsim.train.mwer import expected_errors  # noqa: E402 (needs torch)
from azsim.train.recipe import Mwer  # noqa: E402 (needs torch)
from azsim.train.trainer import Trainer  # noqa: E402 (needs torch)
from tests.train.recipes import place_in, tiny_recipe  # noqa: E402 (needs torch)


def test_two_hypotheses_one_three_times_as_likely():
    losses = torch.tensor([0.0, -math.log(3)], requires_grad=True)
    value = expected_errors(losses, torch.tensor([0.0, 1.0]))
    value.backward()
    assert value.item() == pytest.approx(0.25)
    assert (-losses.grad).tolist() == pytest.approx([-0.1875, 0.1875])


def test_each_gradient_is_the_share_times_the_errors_beyond_what_is_expected():
    losses = torch.tensor([1.0, 2.0, 0.5, 4.0], requires_grad=True)
    errors = torch.tensor([2.0, 0.0, 1.0, 5.0])
    expected_errors(losses, errors).backward()
    share = torch.softmax(-losses.detach(), 0)
    assert torch.allclose(-losses.grad, share * (errors - (share * errors).sum()), atol=1e-6)


def test_training_on_word_errors_resumes_exactly(tiny_corpus: Path, tmp_path: Path, monkeypatch):
    def letters(references: list[str], hypotheses: list[str]) -> np.ndarray:
        return np.array([(len(each), 1) for each in hypotheses])  # an untrained network is wrong in every word

    monkeypatch.setattr(mwer, "count_errors", letters)
    settings = Mwer(hypotheses=3, recordings=3, recordings_per_step=2, decode_every_steps=3)
    recipe = tiny_recipe(steps=6, flat_steps=1, mwer=settings)

    def trained(out: str, steps: int) -> Trainer:
        trainer = Trainer(recipe, place_in(tiny_corpus, tmp_path / out))
        trainer.model.train()
        for _, chosen in zip(range(steps), trainer.batches(), strict=False):
            trainer.step(chosen)
        return trainer

    whole = trained("whole", 5)
    trained("broken", 4).save()
    resumed = trained("broken", 1)
    assert torch.equal(whole.flat.parameter, resumed.flat.parameter)
    assert resumed.mechanisms[0].notes()["expected_errors"] != 0


def test_what_is_decoded_is_varied_as_the_stage_varies_it(tiny_corpus: Path, tmp_path: Path, monkeypatch):
    manners = []
    real = mwer.make_batch

    def noted(chosen, pieces, normaliser, noises, augmented, manner, rng, keeps):
        manners.append((augmented, manner.is_noisy, manner.is_wide, keeps, {each.line.split for each in chosen}))
        return real(chosen, pieces, normaliser, noises, augmented, manner, rng, keeps)

    monkeypatch.setattr(mwer, "make_batch", noted)
    recipe = tiny_recipe(steps=2, flat_steps=1, mwer=Mwer(hypotheses=2, recordings=3, real_share=0.0))
    flat, varied = recipe.stages
    mix = replace(varied.mix, noisy=True, wide=True, synthetic=("train",), wake_word="kept")
    recipe = replace(recipe, stages=(flat, replace(varied, mix=mix)))
    mechanism = Trainer(recipe, place_in(tiny_corpus, tmp_path)).mechanisms[0]
    mechanism.before_step(TrainingStep(0, 0.0, 1e-3, stage=1))
    assert manners == [(True, True, True, True, {"train"})] * 3
