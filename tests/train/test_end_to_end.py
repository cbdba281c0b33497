"""A tiny training from nothing to a compressed network: ten sentences learned, compression better when trained for."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.compress.prune import prune  # noqa: E402 (needs torch)
from azsim.train.batch import Manner, make_batch  # noqa: E402 (needs torch)
from azsim.train.data import Normaliser, StoredUtterance, load_utterances  # noqa: E402 (needs torch)
from azsim.train.decode import recognise, wer_percent  # noqa: E402 (needs torch)
from azsim.train.export import load_model  # noqa: E402 (needs torch)
from azsim.train.levels import levels_of, snap  # noqa: E402 (needs torch)
from azsim.train.model import Transducer  # noqa: E402 (needs torch)
from azsim.train.recipe import Mix, NetworkSizes, Quantisation, Recipe, RecipeStage, Schedule, Sparsity  # noqa: E402 (needs torch)
from azsim.train.rnnt_loss import rnnt_loss  # noqa: E402 (needs torch)
from azsim.train.sparsity import EMBEDDING  # noqa: E402 (needs torch)
from azsim.train.tokens import Pieces  # noqa: E402 (needs torch)
from azsim.train.trainer import Trainer  # noqa: E402 (needs torch)
from tests.train.conftest import write_folder  # noqa: E402 (needs torch)
from tests.train.recipes import place_in  # noqa: E402 (needs torch)

SENTENCES = ("abc", "bca cab", "cab", "aab cba", "cba", "abc bca", "bca", "cab aab", "aab", "cba abc")
CLEAN = Mix(augmented=False, real_repeats=0, max_frames=400, batch_frames=3000)
FINE_TUNING = RecipeStage("fine", CLEAN, measure_every_steps=0)
WEIGHT_BITS, SPARSITY = 2, 0.8
SCRATCH = Recipe(
    title="ten sentences",
    bfloat16=False,
    sizes=NetworkSizes(pieces=14, hidden=40, prediction=24, embedding=24, joint=40),
    schedule=Schedule(steps=420, peak_learning_rate=6e-3, warm_up_steps=20, constant_share=0.4),
    stages=(
        RecipeStage("flat", CLEAN, transducer=False, at_most=120, measure_every_steps=0),
        RecipeStage("clean", CLEAN, ctc_weight=0.3, measure_every_steps=0),
    ),
)
SHORT = Schedule(steps=200, peak_learning_rate=3e-3, warm_up_steps=5)
CONTROL = msgspec.structs.replace(SCRATCH, schedule=SHORT, stages=(FINE_TUNING,))
COMPRESSED = msgspec.structs.replace(
    CONTROL,
    sparsity=Sparsity("gradual", SPARSITY, choose_every_steps=5),
    quantisation=Quantisation("fake-quant", WEIGHT_BITS, "zvsv", levels_every_steps=5),
)


def heldout_loss(model: Transducer, heard: list[StoredUtterance], pieces: Pieces, normaliser: Normaliser) -> float:
    """Nats per label, unvaried."""
    batch = make_batch(heard, pieces, normaliser, [], False, Manner(0.5, False), np.random.default_rng(0))
    model.eval()
    with torch.no_grad():
        logits = model.logits(model.encode(torch.from_numpy(batch.features)), batch.cells)
        return rnnt_loss(logits, batch.cells).item() / sum(len(labels) for labels in batch.cells.labels)


def compress_afterwards(model: Transducer) -> None:
    """Post-training: the same zeros and bits at once."""
    for name, weights in model.matrices().items():
        if name != EMBEDDING:
            weights.data.copy_(torch.from_numpy(prune(weights.detach().numpy(), SPARSITY)))
        snap(weights.detach(), levels_of(weights.detach().numpy(), WEIGHT_BITS, "zvsv"))


@pytest.mark.slow
def test_ten_sentences_are_learned_and_training_knows_about_compression(tmp_path: Path):
    corpus = tmp_path / "corpus"
    write_folder(corpus / "shard-00", {"train": 120}, 1, SENTENCES)
    write_folder(corpus / "eval", {"dev-seen": 20}, 2, SENTENCES)
    heard = load_utterances(corpus, ["eval"])["dev-seen"]
    runs = {}
    for name, recipe in (("scratch", SCRATCH), ("control", CONTROL), ("compressed", COMPRESSED)):
        start = {} if name == "scratch" else {"start": tmp_path / "scratch" / "final.safetensors"}
        Trainer(recipe, place_in(corpus, tmp_path / name, **start)).run()
        runs[name] = load_model(tmp_path / name / "final.safetensors")
    model, normaliser, pieces, _ = runs["scratch"]
    assert wer_percent(recognise(model, heard, pieces, normaliser)) == 0.0
    losses = {name: heldout_loss(run[0], heard, pieces, normaliser) for name, run in runs.items()}
    compress_afterwards(runs["control"][0])
    post_training = heldout_loss(runs["control"][0], heard, pieces, normaliser)
    assert losses["control"] < losses["compressed"] < post_training
