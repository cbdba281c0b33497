"""Prune a trained recogniser while fine-tuning it: ``python -m azsim.train.prune --from MODEL --sparsity 0.5``.

::

    share of zeros ^      ________   rises as a cubic over the first half,
                   |   /             then stays while the rest recovers;
                   | /               per matrix, smallest magnitudes first
                   └─────────────> time

The embedding and the biases stay dense. ``--sparsity 0`` is the fair control:
the same fine-tuning without zeros.

**Source:** Zhu & Gupta 2017, "To prune, or not to prune" (arXiv:1710.01878).
"""

from __future__ import annotations

import argparse
import logging
import math
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from azsim.errors import InputError
from azsim.train.command import exit_status
from azsim.train.data import (
    NOISE_SPLITS,
    REAL_TRAIN,
    TRAIN,
    Manner,
    Utterance,
    complete_folders,
    load_utterances,
    make_batch,
    plan_epoch,
)
from azsim.train.decode import recognise, wer_percent
from azsim.train.export import Trained, load_model, save_model
from azsim.train.flat import FlatParameters
from azsim.train.model import Transducer
from azsim.train.recipe import LARGEST_GRADIENT_NORM, STAGES

PEAK_LEARNING_RATE = 5e-4
WARM_UP_STEPS = 50
RAMP_SHARE = 0.5
MASK_EVERY_STEPS = 50
BATCH_FRAMES = 4800
DENSE = ("embedding", "ctc_head", "bias")

log = logging.getLogger("azsim.train")


@dataclass(frozen=True)
class Settings:
    """What a fine-tuning was asked to do; ``steps`` above 0 replaces ``minutes``."""

    source: Path
    corpus: Path
    out: Path
    sparsity: float
    minutes: float
    steps: int
    seed: int


def sparsity_at(share_done: float, final: float) -> float:
    """Share of zeros after a share of the run: a cubic that reaches ``final`` half-way."""
    left = max(0.0, 1 - share_done / RAMP_SHARE)
    return final * (1 - left**3)


def magnitude_mask(weights: torch.Tensor, sparsity: float) -> torch.Tensor:
    """1 where a weight is kept, 0 for the ``round(sparsity * n)`` smallest; float32, the weights' shape."""
    mask = torch.ones(weights.numel())
    mask[weights.abs().reshape(-1).argsort()[: round(sparsity * weights.numel())]] = 0
    return mask.view_as(weights)


class Pruner:
    """Holds the masks of a model's matrices and keeps pruned weights at zero."""

    def __init__(self, model: Transducer) -> None:
        self._weights = [p for name, p in model.named_parameters() if not any(word in name for word in DENSE)]
        self._masks = [torch.ones_like(p) for p in self._weights]

    def choose(self, sparsity: float) -> None:
        """Choose anew which weights are zero."""
        self._masks = [magnitude_mask(p.detach(), sparsity) for p in self._weights]

    def apply(self) -> None:
        """Set the chosen weights to zero."""
        with torch.no_grad():
            for weights, mask in zip(self._weights, self._masks, strict=True):
                weights.mul_(mask)


def fine_tuning_batches(splits: dict[str, list[Utterance]], seed: int) -> Iterator[Sequence[Utterance]]:
    """Batches of the last stage's mix, half as large, epoch after epoch."""
    mix = replace(STAGES[-1].mix, batch_frames=BATCH_FRAMES)
    epoch = 0
    while True:
        plan = plan_epoch(splits.get(TRAIN, []), splits.get(REAL_TRAIN, []), mix, (seed, epoch))
        if not plan:
            raise InputError(f"the corpus has no utterances of split {TRAIN!r}")
        yield from plan
        epoch += 1


def prune(settings: Settings) -> None:
    """Fine-tune, prune, and write the model: as float16, or as float32 if nothing was pruned."""
    torch.set_num_threads(1)
    torch.manual_seed(settings.seed)
    source = settings.source / "model.safetensors" if settings.source.is_dir() else settings.source
    model, normaliser, pieces, card = load_model(source)
    splits = load_utterances(settings.corpus, complete_folders(settings.corpus))
    noises = [u.features for split in NOISE_SPLITS for u in splits.get(split, [])]
    flat, pruner = FlatParameters(model, 0), Pruner(model)
    model.train()
    began = time.monotonic()
    for step, chosen in enumerate(fine_tuning_batches(splits, settings.seed)):
        elapsed = time.monotonic() - began
        share = step / settings.steps if settings.steps else elapsed / (60 * settings.minutes)
        if share >= 1:
            break
        rng = np.random.default_rng((settings.seed, step))
        torch.manual_seed(int(rng.integers(2**62)))
        if step % MASK_EVERY_STEPS == 0:
            pruner.choose(sparsity_at(share, settings.sparsity))
        batch = make_batch(chosen, pieces, normaliser, noises, True, Manner.draw(rng), rng)
        flat.zero()
        loss = model.transducer_loss(model.encode(torch.from_numpy(batch.features)), batch.cells)
        loss.backward()
        labels = sum(len(each) for each in batch.cells.labels)
        rate = PEAK_LEARNING_RATE * min(1, (step + 1) / WARM_UP_STEPS) * 0.5 * (1 + math.cos(math.pi * share))
        flat.step(labels, LARGEST_GRADIENT_NORM, rate)
        pruner.apply()
        if step % MASK_EVERY_STEPS == 0:
            log.info(
                "%.1f min step %d sparsity %.3f rnnt %.3f",
                elapsed / 60, step, sparsity_at(share, settings.sparsity), loss.item() / labels,
            )  # fmt: skip
    pruner.choose(settings.sparsity)
    pruner.apply()
    hours = round((time.monotonic() - began) / 3600, 3)
    trained = Trained(settings.seed, card.trained.steps + step, card.trained.hours + hours, settings.sparsity)
    dtype = "float16" if settings.sparsity else "float32"
    save_model(settings.out / "model.safetensors", model, normaliser, pieces, settings.out.name, trained, dtype)
    for split in ("dev-seen", "dev-unseen", "real-heldout"):
        results = recognise(model, splits.get(split, []), pieces, normaliser)
        log.info("%s: WER %.2f %%", split, wer_percent(results))


def parse(arguments: list[str]) -> Settings:
    """Settings from the command line."""
    parser = argparse.ArgumentParser(prog="python -m azsim.train.prune", description=__doc__.splitlines()[0])
    parser.add_argument("--from", dest="source", type=Path, required=True, help="exported model, or its folder")
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder to write model.safetensors to")
    parser.add_argument("--sparsity", type=float, required=True, help="share of zeros per matrix, 0 to below 1")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--steps", type=int, default=0, help="length in steps instead of minutes")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    if not 0 <= given.sparsity < 1:
        raise InputError(f"--sparsity: {given.sparsity} is not in [0, 1)")
    if given.minutes <= 0 or given.steps < 0:
        raise InputError("--minutes must be above 0, --steps at least 0")
    return Settings(given.source, given.corpus, given.out, given.sparsity, given.minutes, given.steps, given.seed)


def main() -> int:
    """Command line entry; the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    return exit_status(lambda: prune(parse(sys.argv[1:])))


if __name__ == "__main__":
    sys.exit(main())
