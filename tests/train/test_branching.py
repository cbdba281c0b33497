"""Branches in a training: they run, their cost counts, they are resumed and exported as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

import msgspec  # noqa: E402 (after the check for torch)
import numpy as np  # noqa: E402

from azsim.errors import InputError  # noqa: E402
from azsim.train.batch import PaddedBatch  # noqa: E402
from azsim.train.branching import BranchChoice, branched  # noqa: E402
from azsim.train.export import load_model  # noqa: E402
from azsim.train.mechanism import Forward, TrainingStep  # noqa: E402
from azsim.train.model import Shape, Transducer  # noqa: E402
from azsim.train.recipe import Branching, Recipe  # noqa: E402
from azsim.train.recipe_file import load_recipe, recipe_names  # noqa: E402
from azsim.train.rnnt_loss import Cells  # noqa: E402
from azsim.train.trainer import Trainer  # noqa: E402
from tests.train.recipes import place_in, tiny_recipe  # noqa: E402


@pytest.fixture(scope="module")
def plain(tiny_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exported network to start from."""
    out = tmp_path_factory.mktemp("plain")
    Trainer(tiny_recipe(), place_in(tiny_corpus, out)).run()
    return out / "final.safetensors"


def recipe(steps: int = 4, **settings: object) -> Recipe:
    whole = tiny_recipe(steps, branching=Branching(**{"choice": "arbiter", "rank": 4, "arbiter": 4} | settings))
    return msgspec.structs.replace(whole, start="plain", stages=whole.stages[1:])


def run(settings: Recipe, corpus: Path, out: Path, start: Path) -> Path:
    Trainer(settings, place_in(corpus, out, start=start)).run()
    return out / "final.safetensors"


@pytest.mark.parametrize("choice", ["arbiter", "large", "small", "random", "wake-word"])
def test_every_choice_trains_and_is_exported(choice: str, plain: Path, tiny_corpus: Path, tmp_path: Path) -> None:
    model, _, _, _ = load_model(run(recipe(choice=choice), tiny_corpus, tmp_path / "run", plain))
    assert model.shape.branch_rank == 4
    assert model.shape.arbiter == (4 if choice == "arbiter" else 0)
    assert model.branches.choice == ("arbiter" if choice == "arbiter" else "large")


def test_a_resumed_run_ends_like_one_that_was_never_stopped(plain: Path, tiny_corpus: Path, tmp_path: Path) -> None:
    whole = run(recipe(6), tiny_corpus, tmp_path / "whole", plain)
    parts = place_in(tiny_corpus, tmp_path / "parts", start=plain)
    first = Trainer(recipe(6), parts)
    first.model.train()
    for count, chosen in enumerate(first.batches(), 1):
        first.step(chosen)
        if count == 3:
            break
    first.save()
    Trainer(recipe(6), parts).run()
    one, other = (load_model(path)[0].state_dict() for path in (whole, tmp_path / "parts" / "final.safetensors"))
    for name in one:
        if not name.startswith("ctc_head"):
            assert torch.equal(one[name], other[name]), name


def test_the_cost_is_the_expected_share_of_products_per_label() -> None:
    model = branched(Transducer(Shape(9, hidden=6, mel_bins=4)), Branching("arbiter", rank=4, arbiter=4))
    choice = BranchChoice(Branching("arbiter", rank=4, arbiter=4, cost_weight=0.5), model)
    cells = Cells((2, 1), ((1, 2, 3), (4,)), np.zeros(3, np.int64), np.zeros(3, np.int64))
    batch = PaddedBatch(
        np.zeros((2, 12, 4), np.float32), cells, np.zeros((2, 2)), (), np.zeros(2), np.ones(2, bool), (0, 0)
    )
    model.branches.score = torch.tensor([[0.0, 9.0], [2.0, -9.0], [1.0, 5.0], [-1.0, 5.0]])
    model.branches.picked = (model.branches.score > 0).float()
    found = choice.loss(TrainingStep(0, 0.0, 0.1), Forward(batch, torch.zeros(2, 2, 6), torch.zeros(1, 9)))
    low, both = 24 * 18, 24 * 18 + 24 * 18 + 24 * 12
    heard = [(low, 0.0), (both, 2.0), (low, 1.0), (both, -1.0), (low, 9.0), (both, -9.0)]  # the rest is padding
    share = sum(w / (1 + np.exp(-s)) for w, s in heard) / sum(w for w, _ in heard)
    assert float(found) == pytest.approx(0.5 * 4 * share)


def test_a_dear_large_branch_is_picked_less(plain: Path, tiny_corpus: Path, tmp_path: Path) -> None:
    shares = []
    for weight in (0.0, 30.0):
        out = tmp_path / str(weight)
        run(recipe(60, cost_weight=weight), tiny_corpus, out, plain)
        last = (out / "curve.csv").read_text().splitlines()
        shares.append(float(dict(zip(last[0].split(","), last[-1].split(","), strict=True))["large_products_share"]))
    assert shares[1] < shares[0]


def test_networks_that_cannot_have_branches_are_refused() -> None:
    with pytest.raises(InputError, match="rank = 40"):
        branched(Transducer(Shape(9, hidden=8)), Branching("small", rank=40))
    with pytest.raises(InputError, match="without branches"):
        branched(Transducer(Shape(9, hidden=8, bidirectional=True)), Branching("small", rank=4))


def test_shipped_recipes_are_fine_tunings_of_the_base() -> None:
    found = [load_recipe(name)[1] for name in recipe_names() if name.startswith("branching/")]
    assert {each.branching.choice for each in found} >= {"arbiter", "small", "wake-word"}
    assert all(each.start == "base" and each.stages[-1].mix.augmented for each in found)
