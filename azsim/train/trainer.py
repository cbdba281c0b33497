"""One worker of a training run: the loop over steps, the measurements, the files it leaves.

::

    OUT/checkpoint.safetensors   to resume from, every two minutes
       /curve.csv                losses and word error rates over time
       /early.safetensors        the model so far, once it recognises words
       /final.safetensors        the model at the end
"""

from __future__ import annotations

import csv
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.distributed

from azsim.errors import InputError
from azsim.train.checkpoint import Checkpoint, Setup, load_checkpoint, save_checkpoint
from azsim.train.data import (
    NOISE_SPLITS,
    REAL_TRAIN,
    TRAIN,
    Batch,
    Manner,
    Normaliser,
    Utterance,
    complete_folders,
    load_utterances,
    make_batch,
    plan_epoch,
)
from azsim.train.decode import recognise, word_errors
from azsim.train.export import Trained, save_model
from azsim.train.flat import FlatParameters
from azsim.train.model import Shape, Transducer
from azsim.train.recipe import (
    LARGEST_GRADIENT_NORM,
    STAGES,
    Progress,
    averaged,
    learning_rate,
    stage_is_over,
)
from azsim.train.tokens import BLANK, Pieces, train_pieces

SAVE_EVERY_S = 120.0
EXPORT_EVERY_S = 600.0
EXPORT_BELOW_PERCENT = 60.0
MEASURE_EVERY_S = {"flat": float("inf"), "clean": 90.0, "augmented": 240.0}
MEASURED_SPLITS = {"dev-seen": 60, "dev-unseen": 60, "real-heldout": 40}
LOG_EVERY_STEPS = 50
STATISTICS_UTTERANCES = 1500
LABELS, TRANSDUCER, CTC, FRAME, VOICED, FRAMES, EXAMPLES, ELAPSED, MEASURE, SUMS = range(10)

log = logging.getLogger("azsim.train")


@dataclass(frozen=True)
class Settings:
    """What a run was asked to do.

    Attributes:
        corpus: folder of feature folders.
        out: where checkpoints and curve go.
        workers: processes, one thread each.
        minutes: length of the run; the learning rate falls toward it.
        steps: length in steps instead, for runs that must repeat exactly.
        seed: of everything random.
        vocabulary: labels, the blank among them.
        hidden: cells of each LSTM, also the width of embedding and joint.
        bfloat16: matrix products in bfloat16; losses, gradients and parameters stay float32.
    """

    corpus: Path
    out: Path
    workers: int
    minutes: float
    steps: int
    seed: int
    vocabulary: int
    hidden: int
    bfloat16: bool = False


class Trainer:
    """The state of one worker."""

    def __init__(self, settings: Settings, rank: int) -> None:
        self.settings, self.rank = settings, rank
        torch.manual_seed(settings.seed)
        folders = complete_folders(settings.corpus)
        self.splits = load_utterances(settings.corpus, folders)
        resumed = settings.out / "checkpoint.safetensors"
        checkpoint = load_checkpoint(resumed) if resumed.exists() else None
        if checkpoint:
            self.setup, self.progress = checkpoint.setup, checkpoint.progress
            self.normaliser = Normaliser(*(checkpoint.tensors[k].numpy() for k in ("mean", "inv_std")))
        else:
            self.setup, self.normaliser = self._start()
            self.progress = Progress()
        self.pieces = Pieces(tuple(self.setup.pieces))
        self.model = Transducer(Shape(len(self.pieces), self.setup.hidden, self.setup.embedding, self.setup.joint))
        self.flat = FlatParameters(self.model, SUMS)
        if checkpoint:
            self.flat.restore(checkpoint.tensors)

    def _start(self) -> tuple[Setup, Normaliser]:
        spoken = [*self.splits.get(TRAIN, []), *self.splits.get(REAL_TRAIN, [])]
        if not spoken:
            raise InputError(f"{self.settings.corpus}: no finished folder with utterances of split {TRAIN!r}")
        pieces = train_pieces((u.line.text for u in spoken), self.settings.vocabulary)
        rng = np.random.default_rng(self.settings.seed)
        chosen = rng.permutation(len(spoken))[:STATISTICS_UTTERANCES]
        hidden = self.settings.hidden
        setup = Setup(self.settings.seed, list(pieces.strings), hidden, hidden, hidden)
        return setup, Normaliser.measure([spoken[i] for i in chosen])

    def run(self) -> None:
        """Train until time or steps are up."""
        self.model.train()
        self.began = time.monotonic() - self.progress.elapsed_s
        self.saved = self.exported = self.measured = self.progress.elapsed_s
        for chosen in self._batches():
            finished = self._step(chosen)
            if finished:
                break
        self.measure()
        if self.rank == 0:
            self._save()
            self._export("final.safetensors")

    def _batches(self) -> Iterator[Sequence[Utterance]]:
        """This worker's share of every batch, epoch after epoch; new folders join between epochs."""
        progress = self.progress
        while True:
            if progress.epoch_step == 0:
                found = [complete_folders(self.settings.corpus) if self.rank == 0 else ()]
                if torch.distributed.is_initialized():
                    torch.distributed.broadcast_object_list(found)
                progress.folders = list(found[0])
            self.splits = load_utterances(self.settings.corpus, progress.folders)
            self.noises = [u.features for split in NOISE_SPLITS for u in self.splits.get(split, [])]
            stage = progress.stage
            plan = plan_epoch(
                self.splits.get(TRAIN, []),
                self.splits.get(REAL_TRAIN, []),
                STAGES[stage].mix,
                (self.setup.seed, progress.epoch),
            )
            if not plan:
                raise InputError(f"{self.settings.corpus}: no utterances for a batch of {STAGES[stage].mix}")
            for batch in plan[progress.epoch_step :]:
                progress.epoch_step += 1
                yield batch[self.rank :: self.settings.workers]
                if progress.stage != stage:
                    break
            progress.epoch += 1
            progress.epoch_step = 0

    def _step(self, chosen: Sequence[Utterance]) -> bool:
        """One update; true when the run is over."""
        progress, stage = self.progress, STAGES[self.progress.stage]
        seed = (self.setup.seed, progress.step, self.rank)
        rng = np.random.default_rng(seed)
        torch.manual_seed(int(rng.integers(2**62)))
        manner = Manner.draw(np.random.default_rng(seed[:2]))
        batch = make_batch(chosen, self.pieces, self.normaliser, self.noises, stage.mix.augmented, manner, rng)
        self.flat.zero()
        self._gradient(batch, stage.transducer, stage.ctc_weight)
        self._set_clock()
        self.flat.add_up()
        sums = self.flat.sums.tolist()
        share = sums[ELAPSED] / (60 * self.settings.minutes)
        if self.settings.steps:
            share = (progress.step + 1) / self.settings.steps
        divisor = sums[LABELS] if stage.transducer else sums[FRAMES]
        rate = learning_rate(progress.step, share)
        norm = self.flat.step(divisor, LARGEST_GRADIENT_NORM, rate)
        progress.step += 1
        progress.stage_step += 1
        progress.elapsed_s = sums[ELAPSED]
        progress.examples += round(sums[EXAMPLES])
        if stage.transducer:
            progress.transducer_loss = averaged(progress.transducer_loss, sums[TRANSDUCER] / sums[LABELS])
            progress.ctc_loss = averaged(progress.ctc_loss, sums[CTC] / sums[LABELS])
        else:
            progress.frame_loss = averaged(progress.frame_loss, sums[FRAME] / sums[VOICED])
        if progress.step % LOG_EVERY_STEPS == 0 and self.rank == 0:
            self._log(rate, norm)
        if sums[MEASURE]:
            self.measure()
        if stage_is_over(progress):
            progress.stage += 1
            progress.stage_step = 0
            log.info("step %d: stage %s begins", progress.step, STAGES[progress.stage].name)
        if self.rank == 0:
            self._keep()
        return share >= 1

    def _gradient(self, batch: Batch, transducer: bool, ctc_weight: float) -> None:
        sums = self.flat.sums
        with torch.autocast("cpu", torch.bfloat16, enabled=self.settings.bfloat16):
            encoded = self.model.encode(torch.from_numpy(batch.features))
            if transducer:
                loss = self.model.transducer_loss(encoded, batch.cells)
                ctc = self.model.ctc_loss(encoded, batch.cells)
                total = loss + ctc_weight * ctc
                sums[TRANSDUCER], sums[CTC] = loss.item(), ctc.item()
            else:
                total, voiced = self.model.frame_loss(encoded, torch.from_numpy(batch.frame_targets))
                sums[FRAME], sums[VOICED] = voiced.item(), int((batch.frame_targets > BLANK).sum())
        total.backward()
        sums[LABELS] = sum(len(labels) for labels in batch.cells.labels)
        sums[FRAMES] = sum(batch.cells.frames)
        sums[EXAMPLES] = len(batch.cells.frames)

    def _set_clock(self) -> None:
        """The first worker decides for all how late it is."""
        if self.rank != 0:
            return
        elapsed = time.monotonic() - self.began
        self.flat.sums[ELAPSED] = elapsed
        if elapsed - self.measured > MEASURE_EVERY_S[STAGES[self.progress.stage].name]:
            self.measured = elapsed
            self.flat.sums[MEASURE] = 1

    def measure(self) -> None:
        """Word error rates on the sets used for watching and selection, shared out among workers."""
        counts = torch.zeros(len(MEASURED_SPLITS), 2)
        for row, (split, count) in enumerate(MEASURED_SPLITS.items()):
            mine = self.splits.get(split, [])[:count][self.rank :: self.settings.workers]
            if mine:
                counts[row] = torch.tensor(word_errors(recognise(self.model, mine, self.pieces, self.normaliser)))
        if torch.distributed.is_initialized():
            torch.distributed.all_reduce(counts)
        rates = (100 * counts[:, 0] / counts[:, 1]).tolist()
        if counts[0, 1]:
            self.progress.wer_percent = rates[0]
        if self.rank == 0:
            self._record(dict(zip(MEASURED_SPLITS, rates, strict=True)))

    def _record(self, rates: dict[str, float]) -> None:
        progress = self.progress
        row = {
            "minutes": round(progress.elapsed_s / 60, 2),
            "step": progress.step,
            "examples": progress.examples,
            "stage": STAGES[progress.stage].name,
            "transducer_nats_per_label": round(progress.transducer_loss, 4),
            "ctc_nats_per_label": round(progress.ctc_loss, 4),
        } | {f"wer_{split.replace('-', '_')}_percent": round(rate, 2) for split, rate in rates.items()}
        log.info(" ".join(f"{key}={value}" for key, value in row.items()))
        path = self.settings.out / "curve.csv"
        is_new = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.DictWriter(file, row)
            if is_new:
                writer.writeheader()
            writer.writerow(row)

    def _log(self, rate: float, norm: float) -> None:
        p = self.progress
        losses = f"ce {p.frame_loss:.3f}" if p.stage == 0 else f"rnnt {p.transducer_loss:.3f} ctc {p.ctc_loss:.3f}"
        log.info(
            "%.1f min step %d epoch %d (%d folders) %s %s lr %.5f norm %.2f",
            p.elapsed_s / 60, p.step, p.epoch, len(p.folders), STAGES[p.stage].name, losses, rate, norm,
        )  # fmt: skip

    def _keep(self) -> None:
        elapsed = self.progress.elapsed_s
        if elapsed - self.saved > SAVE_EVERY_S:
            self.saved = elapsed
            self._save()
        is_useful = self.progress.wer_percent < EXPORT_BELOW_PERCENT
        early = self.settings.out / "early.safetensors"
        if is_useful and (elapsed - self.exported > EXPORT_EVERY_S or not early.exists()):
            self.exported = elapsed
            self._export(early.name)

    def _save(self) -> None:
        tensors = self.flat.state()
        tensors["mean"] = torch.from_numpy(self.normaliser.mean)
        tensors["inv_std"] = torch.from_numpy(self.normaliser.inv_std)
        path = self.settings.out / "checkpoint.safetensors"
        save_checkpoint(path, Checkpoint(self.setup, self.progress, tensors))

    def _export(self, name: str) -> None:
        trained = Trained(self.setup.seed, self.progress.step, round(self.progress.elapsed_s / 3600, 3))
        save_model(self.settings.out / name, self.model, self.normaliser, self.pieces, "rnnt-student", trained)
        log.info("step %d: exported %s", self.progress.step, name)
