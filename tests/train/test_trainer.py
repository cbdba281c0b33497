"""The training loop on a tiny corpus: it learns, resumes exactly, exports what it learned."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.errors import InputError  # noqa: E402 (needs torch)
from azsim.train.batch import Manner, make_batch  # noqa: E402 (needs torch)
from azsim.train.checkpoint import load_checkpoint, save_checkpoint  # noqa: E402 (needs torch)
from azsim.train.data import load_utterances  # noqa: E402 (needs torch)
from azsim.train.decode import recognise  # noqa: E402 (needs torch)
from azsim.train.export import exported_tensors, load_model  # noqa: E402 (needs torch)
from azsim.train.recipe import Quantisation, Recipe, Sparsity  # noqa: E402 (needs torch)
from azsim.train.trainer import Trainer  # noqa: E402 (needs torch)
from tests.train.recipes import place_in, tiny_recipe  # noqa: E402 (needs torch)

GRADUAL = Sparsity("gradual", 0.5, choose_every_steps=2)
SENSING = Sparsity("compressed-sensing", 0.5, "balanced", choose_every_steps=2, lanes=8)
COMPRESSIONS = {
    "none": {},
    "gradual, fake-quant": {
        "sparsity": GRADUAL,
        "quantisation": Quantisation("fake-quant", 3, "zvsv", levels_every_steps=3),
    },
    "sensing, regularised": {
        "sparsity": SENSING,
        "quantisation": Quantisation("regularised", 4, "packed", levels_every_steps=3),
    },
    "multi-regional": {
        "quantisation": Quantisation("multi-regional", 2, "palette", levels_every_steps=3, snap_every_steps=3)
    },
}


def flat_start_loss(trainer: Trainer) -> float:
    """Cross-entropy per voiced step on four utterances, unvaried."""
    rng = np.random.default_rng(0)
    batch = make_batch(
        trainer.splits["dev-seen"][:4], trainer.pieces, trainer.normaliser, [], False, Manner(0.5, False), rng
    )
    trainer.model.eval()
    with torch.no_grad():
        encoded = trainer.model.encode(torch.from_numpy(batch.features))
        _, voiced = trainer.model.frame_loss(encoded, torch.from_numpy(batch.frame_targets))
    trainer.model.train()
    return voiced.item() / (batch.frame_targets > 0).sum()


def test_loss_falls_and_export_round_trips(tiny_corpus: Path, tmp_path: Path):
    trainer = Trainer(tiny_recipe(steps=50, flat_steps=50), place_in(tiny_corpus, tmp_path))
    before = flat_start_loss(trainer)
    trainer.run()
    assert flat_start_loss(trainer) < before - 0.1
    model, normaliser, pieces, card = load_model(tmp_path / "final.safetensors")
    assert (card.kind, card.stack, card.time_reduction, card.trained.steps) == ("rnnt", 3, 2, 50)
    for name, tensor in exported_tensors(trainer.model).items():
        assert torch.allclose(tensor, exported_tensors(model)[name], atol=1e-6), name
    assert np.array_equal(normaliser.mean, trainer.normaliser.mean)
    heard = load_utterances(tiny_corpus, ["eval"])["dev-seen"]
    assert recognise(model, heard, pieces, normaliser) == recognise(trainer.model, heard, pieces, normaliser)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_resumed_run_equals_an_unbroken_one(tiny_corpus: Path, tmp_path: Path, compression: str):
    recipe = tiny_recipe(steps=10, **COMPRESSIONS[compression])
    whole = Trainer(recipe, place_in(tiny_corpus, tmp_path / "whole"))
    whole.run()
    place = place_in(tiny_corpus, tmp_path / "broken")
    first = Trainer(recipe, place)
    first.model.train()
    for count, chosen in enumerate(first.batches(), 1):
        first.step(chosen)
        if count == 5:
            first.save()
        if count == 7:  # killed two steps after its last checkpoint
            break
    second = Trainer(recipe, place)
    assert second.progress.step == 5
    second.run()
    assert torch.equal(whole.flat.parameter, second.flat.parameter)
    ends = [load_checkpoint(tmp_path / name / "checkpoint.safetensors") for name in ("whole", "broken")]
    for name, tensor in ends[0].tensors.items():
        assert torch.equal(tensor, ends[1].tensors[name]), name
    assert (ends[0].progress.step, ends[0].progress.epoch) == (ends[1].progress.step, ends[1].progress.epoch)
    finals = [load_model(tmp_path / name / "final.safetensors")[0] for name in ("whole", "broken")]
    for name, tensor in exported_tensors(finals[0]).items():
        assert torch.equal(tensor, exported_tensors(finals[1])[name]), name


def curve(out: Path) -> list[dict[str, str]]:
    with (out / "curve.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_resumed_curve_has_no_line_twice(tiny_corpus: Path, tmp_path: Path):
    recipe, place = tiny_recipe(steps=12), place_in(tiny_corpus, tmp_path)
    Trainer(msgspec.structs.replace(recipe, schedule=msgspec.structs.replace(recipe.schedule, steps=8)), place).run()
    Trainer(recipe, place).run()
    steps = [int(row["step"]) for row in curve(tmp_path)]
    assert steps == sorted(steps)
    assert steps[-1] == 12
    assert all(float(row["wer_dev_seen_percent"]) >= 0 for row in curve(tmp_path))
    histograms = (tmp_path / "histograms.csv").read_text().splitlines()
    assert histograms[0] == "step,matrix,weight_over_largest,count"
    assert sum(int(line.split(",")[3]) for line in histograms[1:] if line.startswith("12,")) == 4 * 24 * 24


def test_the_checkpoint_of_an_earlier_release_is_read(tiny_corpus: Path, tmp_path: Path):
    recipe, place = tiny_recipe(steps=4), place_in(tiny_corpus, tmp_path)
    Trainer(msgspec.structs.replace(recipe, schedule=msgspec.structs.replace(recipe.schedule, steps=2)), place).run()
    path = tmp_path / "checkpoint.safetensors"
    checkpoint = load_checkpoint(path)
    old = json.loads(msgspec.json.encode(checkpoint.setup))
    del old["prediction"], old["bidirectional"], old["start"]
    setup = msgspec.json.decode(json.dumps(old).encode(), type=type(checkpoint.setup))
    save_checkpoint(path, msgspec.structs.replace(checkpoint, setup=setup))
    resumed = Trainer(recipe, place)
    assert resumed.progress.step == 2
    assert resumed.model.shape.predicted == 24


def compressed(corpus: Path, tmp_path: Path, recipe: Recipe) -> Path:
    """Fine-tune a network of two steps by a recipe."""
    Trainer(tiny_recipe(steps=2), place_in(corpus, tmp_path / "dense")).run()
    place = place_in(corpus, tmp_path / "small", start=tmp_path / "dense" / "final.safetensors")
    Trainer(recipe, place).run()
    return tmp_path / "small" / "final.safetensors"


def test_fine_tuning_exports_the_zeros_and_values_it_was_asked_for(tiny_corpus: Path, tmp_path: Path):
    recipe = tiny_recipe(steps=6, flat_steps=1, **COMPRESSIONS["gradual, fake-quant"])
    model, _, _, card = load_model(compressed(tiny_corpus, tmp_path, recipe))
    assert (card.trained.sparsity, card.trained.weight_bits, card.trained.recipe) == (0.5, 3, "tiny")
    assert card.trained.start == "tiny"
    assert load_model(tmp_path / "dense" / "final.safetensors")[3].trained.start == "scratch"
    for name, matrix in model.matrices().items():
        assert len(torch.unique(matrix)) <= 9, name
        if name != "prediction.embedding":
            assert (matrix == 0).float().mean().item() >= 0.49, name


def test_a_slip_in_the_noises_is_refused_before_the_first_step(tiny_corpus: Path, tmp_path: Path):
    recipe = tiny_recipe()
    mix = msgspec.structs.replace(recipe.stages[1].mix, noises=("noise", "musik"))
    stages = (recipe.stages[0], msgspec.structs.replace(recipe.stages[1], mix=mix))
    with pytest.raises(InputError, match=r"'augmented': mix\.noises: .* has no split 'musik'; there are noise"):
        Trainer(msgspec.structs.replace(recipe, stages=stages), place_in(tiny_corpus, tmp_path))


def test_wrong_files_end_in_one_line(tmp_path: Path):
    (tmp_path / "broken.safetensors").write_bytes(b"not a model")
    with pytest.raises(InputError, match=r"broken\.safetensors"):
        load_model(tmp_path / "broken.safetensors")
    with pytest.raises(InputError, match="no finished folder"):
        Trainer(tiny_recipe(), place_in(tmp_path, tmp_path / "out"))
