"""Training end to end on a tiny corpus: it learns, resumes exactly, exports what it learned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.errors import InputError  # noqa: E402 (needs torch)
from azsim.train import prune  # noqa: E402 (needs torch)
from azsim.train.checkpoint import load_checkpoint  # noqa: E402 (needs torch)
from azsim.train.data import Manner, load_utterances, make_batch  # noqa: E402 (needs torch)
from azsim.train.decode import recognise  # noqa: E402 (needs torch)
from azsim.train.export import exported_tensors, load_model  # noqa: E402 (needs torch)
from azsim.train.rnnt import main, parse, train  # noqa: E402 (needs torch)
from azsim.train.trainer import Settings, Trainer  # noqa: E402 (needs torch)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def settings(corpus: Path, out: Path, steps: int, workers: int = 1) -> Settings:
    out.mkdir(parents=True, exist_ok=True)
    return Settings(corpus, out, workers, minutes=10.0, steps=steps, seed=1, vocabulary=14, hidden=24)


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
    run = settings(tiny_corpus, tmp_path, steps=50)
    trainer = Trainer(run, rank=0)
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


def test_resumed_run_equals_an_unbroken_one(tiny_corpus: Path, tmp_path: Path):
    whole = Trainer(settings(tiny_corpus, tmp_path / "whole", steps=8), rank=0)
    whole.run()
    broken = settings(tiny_corpus, tmp_path / "broken", steps=8)
    first = Trainer(broken, rank=0)
    first.model.train()
    first.began = first.saved = first.exported = first.measured = 0.0
    batches = first._batches()
    for _ in range(5):
        first._step(next(batches))
    first._save()
    second = Trainer(broken, rank=0)
    second.run()
    assert torch.equal(whole.flat.parameter, second.flat.parameter)
    ends = [load_checkpoint(tmp_path / name / "checkpoint.safetensors") for name in ("whole", "broken")]
    assert torch.equal(ends[0].tensors["adam.square"], ends[1].tensors["adam.square"])
    assert (ends[0].progress.step, ends[0].progress.epoch) == (ends[1].progress.step, ends[1].progress.epoch)


def test_two_workers_share_one_gradient(tiny_corpus: Path, tmp_path: Path):
    train(settings(tiny_corpus, tmp_path, steps=3, workers=2))
    assert load_checkpoint(tmp_path / "checkpoint.safetensors").progress.step == 3


def test_pruning_reaches_its_share_of_zeros(tiny_corpus: Path, tmp_path: Path):
    Trainer(settings(tiny_corpus, tmp_path / "dense", steps=2), rank=0).run()
    source = tmp_path / "dense" / "final.safetensors"
    prune.prune(prune.Settings(source, tiny_corpus, tmp_path / "sparse", 0.75, 1.0, steps=3, seed=1))
    model, _, _, card = load_model(tmp_path / "sparse" / "model.safetensors")
    assert (card.dtype, card.trained.sparsity, card.trained.steps) == ("float16", 0.75, 5)
    for name, tensor in exported_tensors(model).items():
        is_matrix = tensor.dim() == 2 and name != "prediction.embedding"
        assert (tensor == 0).float().mean().item() == pytest.approx(0.75 if is_matrix else 0.0, abs=2e-3), name


def test_pruning_ramp_is_monotone_and_ends_half_way():
    shares = [prune.sparsity_at(step / 20, 0.5) for step in range(21)]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[10:] == [0.5] * 11


def test_wrong_arguments_and_files_end_in_one_line(tmp_path: Path, monkeypatch, capsys):
    with pytest.raises(InputError, match="--workers"):
        parse(["--corpus", "x", "--out", "y", "--workers", "0"])
    with pytest.raises(InputError, match="sparsity"):
        prune.parse(["--from", "x", "--corpus", "x", "--out", "y", "--sparsity", "1.5"])
    (tmp_path / "broken.safetensors").write_bytes(b"not a model")
    with pytest.raises(InputError, match=r"broken\.safetensors"):
        load_model(tmp_path / "broken.safetensors")
    arguments = ["rnnt", "--corpus", str(tmp_path), "--out", str(tmp_path / "out"), "--workers", "1"]
    monkeypatch.setattr("sys.argv", arguments)
    assert main() == 2
    assert "no finished folder" in capsys.readouterr().err
