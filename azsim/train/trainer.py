"""One worker of a training run: the one loop that every recipe goes through.

::

    OUT/checkpoint.safetensors   to resume from, written every minute
       /curve.csv, histograms.csv
       /early.safetensors        the network so far, once it recognises words
       /final.safetensors        the network at the end, its weights as the device will have them

A step depends on the recipe, the corpus and the checkpoint alone: all that is random is drawn from (seed, step,
worker).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence

import numpy as np
import torch
import torch.distributed

from azsim.errors import InputError
from azsim.train.batch import Manner, PaddedBatch, make_batch
from azsim.train.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from azsim.train.data import StoredUtterance, complete_folders, load_utterances, of_splits, plan_epoch
from azsim.train.decode import recognise, word_errors
from azsim.train.distillation import transcribed
from azsim.train.export import TrainedModel, as_network, save_model
from azsim.train.flat import FlatParameters
from azsim.train.mechanism import Forward, TrainingStep
from azsim.train.mechanisms import build_mechanisms
from azsim.train.progress import Progress, averaged, stage_is_over
from azsim.train.recipe import Recipe, RecipeStage
from azsim.train.recorder import HISTOGRAM_MATRIX, RunRecorder
from azsim.train.rnnt_loss import rnnt_losses
from azsim.train.schedule import learning_rate
from azsim.train.start import Place, check_noises, resumed_start, start_from, start_from_scratch
from azsim.train.tokens import BLANK, Pieces

SAVE_EVERY_S = 60.0
EXPORT_EVERY_S = 600.0
EXPORT_BELOW_PERCENT = 60.0
MEASURED_SPLITS = {"dev-seen": 60, "dev-unseen": 60, "dev-command-unseen": 60, "real-heldout": 40}
LOG_EVERY_STEPS = 50
LARGEST_GRADIENT_NORM = 5.0
MECHANISM = "mechanism"
LABELS, TRANSDUCER, CTC, FRAME, VOICED, FRAMES, EXAMPLES, ELAPSED, SUMS = range(9)

log = logging.getLogger("azsim.train")


class Trainer:
    """The state of one worker."""

    def __init__(self, recipe: Recipe, place: Place, rank: int = 0) -> None:
        self.recipe, self.place, self.rank = recipe, place, rank
        torch.manual_seed(recipe.seed)
        self.splits = load_utterances(place.corpus, complete_folders(place.corpus))
        check_noises(recipe, place.corpus, self.splits)
        resumed = place.out / "checkpoint.safetensors"
        checkpoint = load_checkpoint(resumed) if resumed.exists() else None
        self.progress = checkpoint.progress if checkpoint else Progress()
        if checkpoint:
            start = resumed_start(checkpoint)
        elif place.start:
            start = start_from(place.start, recipe, self.splits, place.corpus)
        else:
            start = start_from_scratch(recipe, place, self.splits)
        self.setup, self.normaliser, self.model = start.setup, start.normaliser, start.model
        self.pieces = Pieces(tuple(self.setup.pieces))
        self.mechanisms = build_mechanisms(recipe, place.teacher, self.model, self.pieces)
        self.flat = FlatParameters(self.model, SUMS)
        network = as_network(self.model, self.normaliser, self.pieces, place.name)
        for mechanism in self.mechanisms:
            mechanism.begin(network, self.splits, checkpoint is not None)
        if checkpoint:
            self._restore(checkpoint)
        self.guessed = self._guessed()
        self.recorder: RunRecorder | None = None
        self.began = time.monotonic() - self.progress.elapsed_s
        self.saved = self.exported = self.progress.elapsed_s

    def _guessed(self) -> list[StoredUtterance]:
        """Recordings without text, with what the teacher heard in them."""
        if not any(stage.mix.unlabelled_repeats for stage in self.recipe.stages):
            return []
        found = of_splits(self.splits, self.recipe.distillation.unlabelled)
        if not found:
            wanted = ", ".join(self.recipe.distillation.unlabelled)
            raise InputError(f"{self.place.corpus}: no utterances of the splits {wanted}, which the recipe learns from")
        return transcribed(found, self.place.teacher, self.place.out / "teacher_heard.json")

    def _restore(self, checkpoint: Checkpoint) -> None:
        self.flat.restore(checkpoint.tensors)
        for index, mechanism in enumerate(self.mechanisms):
            prefix = f"{MECHANISM}.{index}."
            mechanism.restore(
                {
                    name.removeprefix(prefix): tensor
                    for name, tensor in checkpoint.tensors.items()
                    if name.startswith(prefix)
                }
            )

    @property
    def stage(self) -> RecipeStage:
        """The stage that the run is in."""
        return self.recipe.stages[self.progress.stage]

    def run(self) -> None:
        """Train until all steps are done; a run that is over does nothing more."""
        if (self.place.out / "final.safetensors").exists() and self.progress.step >= self.recipe.schedule.steps:
            return
        if self.rank == 0:
            steps = self.recipe.schedule.steps
            self.recorder = RunRecorder(self.place.out, self.place.name, steps, self.progress.step)
        self.model.train()
        if self.progress.step < self.recipe.schedule.steps:
            for chosen in self.batches():
                self.step(chosen)
                if self.progress.step >= self.recipe.schedule.steps:
                    break
        self._record(self._measure())
        if self.rank == 0:
            self.save()
            self._export("final.safetensors")
            self.recorder.close()

    def batches(self) -> Iterator[Sequence[StoredUtterance]]:
        """This worker's share of every batch, epoch after epoch; new folders join between epochs."""
        progress = self.progress
        while True:
            if progress.epoch_step == 0:
                found = [complete_folders(self.place.corpus) if self.rank == 0 else ()]
                if torch.distributed.is_initialized():
                    torch.distributed.broadcast_object_list(found)
                progress.folders = list(found[0])
            self.splits = load_utterances(self.place.corpus, progress.folders)
            stage, mix = progress.stage, self.stage.mix
            self.noises = [u.features for u in of_splits(self.splits, mix.noises)]
            plan = plan_epoch(
                of_splits(self.splits, mix.synthetic),
                of_splits(self.splits, mix.real),
                mix,
                (self.setup.seed, progress.epoch),
                self.guessed,
            )
            if not plan:
                wanted = ", ".join((*mix.synthetic, *mix.real))
                raise InputError(
                    f"{self.place.corpus}: no two utterances of the splits {wanted} fit into a batch of "
                    f"{mix.batch_frames} frames, at most {mix.max_frames} each; make them: python -m azsim.train.corpus"
                )
            for batch in plan[progress.epoch_step :]:
                progress.epoch_step += 1
                yield batch[self.rank :: self.recipe.workers]
                if progress.stage != stage:
                    break
            progress.epoch += 1
            progress.epoch_step = 0

    def step(self, chosen: Sequence[StoredUtterance]) -> None:
        """One update."""
        progress, stage, schedule = self.progress, self.stage, self.recipe.schedule
        seed = (self.setup.seed, progress.step, self.rank)
        rng = np.random.default_rng(seed)
        torch.manual_seed(int(rng.integers(2**62)))
        rate = learning_rate(schedule, progress.step)
        moment = TrainingStep(progress.step, progress.step / schedule.steps, rate, progress.stage)
        mix = stage.mix
        manner = Manner.draw(np.random.default_rng(seed[:2]), mix.noisy, mix.wide)
        keeps = mix.wake_word == "kept"
        batch = make_batch(chosen, self.pieces, self.normaliser, self.noises, mix.augmented, manner, rng, keeps)
        self.flat.zero()
        for mechanism in self.mechanisms:
            mechanism.before_step(moment)
        self._gradient(batch, stage, moment)
        self.flat.sums[ELAPSED] = time.monotonic() - self.began if self.rank == 0 else 0.0
        self.flat.add_up()
        sums = self.flat.sums.tolist()
        norm = self.flat.average(sums[LABELS] if stage.transducer else sums[FRAMES], LARGEST_GRADIENT_NORM)
        for mechanism in self.mechanisms:
            mechanism.before_update(moment)
        self.flat.step(rate)
        for mechanism in self.mechanisms:
            mechanism.after_step(moment)
        self._advance(sums, stage, rate, norm)

    def _gradient(self, batch: PaddedBatch, stage: RecipeStage, moment: TrainingStep) -> None:
        sums = self.flat.sums
        with torch.autocast("cpu", torch.bfloat16, enabled=self.recipe.bfloat16):
            features, steps = torch.from_numpy(batch.features), max(batch.cells.frames)
            starts = torch.from_numpy(batch.starts)
            encoded = self.model.encode_after(features, batch.wake_steps, steps, starts)
            if stage.transducer:
                logits = self.model.logits(encoded, batch.cells)
                losses = rnnt_losses(logits, batch.cells)
                sums[TRANSDUCER] = losses.sum().item()
                for mechanism in self.mechanisms:
                    weights = mechanism.weights(batch)
                    losses = losses if weights is None else losses * torch.from_numpy(weights)
                total = losses.sum()
                if stage.ctc_weight:
                    ctc = self.model.ctc_loss(encoded, batch.cells)
                    sums[CTC] = ctc.item()
                    total = total + stage.ctc_weight * ctc
                for mechanism in self.mechanisms:
                    term = mechanism.loss(moment, Forward(batch, encoded, logits))
                    total = total if term is None else total + term
            else:
                total, voiced = self.model.frame_loss(encoded, torch.from_numpy(batch.frame_targets))
                sums[FRAME], sums[VOICED] = voiced.item(), int((batch.frame_targets > BLANK).sum())
        total.backward()
        sums[LABELS] = sum(len(labels) for labels in batch.cells.labels)
        sums[FRAMES] = sum(batch.cells.frames)
        sums[EXAMPLES] = len(batch.cells.frames)

    def _advance(self, sums: Sequence[float], stage: RecipeStage, rate: float, norm: float) -> None:
        """Count the step, record it, and do what is due: measure, go to the next stage, write files."""
        progress = self.progress
        progress.step += 1
        progress.stage_step += 1
        progress.elapsed_s = sums[ELAPSED]
        progress.examples += round(sums[EXAMPLES])
        if stage.transducer:
            progress.transducer_loss = averaged(progress.transducer_loss, sums[TRANSDUCER] / sums[LABELS])
            progress.ctc_loss = averaged(progress.ctc_loss, sums[CTC] / sums[LABELS])
        else:
            progress.frame_loss = averaged(progress.frame_loss, sums[FRAME] / sums[VOICED])
        measures = stage.measure_every_steps and progress.stage_step % stage.measure_every_steps == 0
        rates = self._measure() if measures else None
        if rates or progress.step % LOG_EVERY_STEPS == 0:
            self._record(rates, rate, norm)
        if stage_is_over(progress, self.recipe.stages):
            progress.stage += 1
            progress.stage_step = 0
            log.info("step %d: stage %s begins", progress.step, self.stage.name)
        if self.rank == 0:
            self._keep()

    def _deployed(self) -> None:
        for mechanism in self.mechanisms:
            mechanism.deploy()

    def _withdrawn(self) -> None:
        for mechanism in reversed(self.mechanisms):
            mechanism.withdraw()

    def _measure(self) -> dict[str, float]:
        """Word error rates of the network as the device would have it, shared out among workers."""
        counts = torch.zeros(len(MEASURED_SPLITS), 2)
        self._deployed()
        for row, (split, count) in enumerate(MEASURED_SPLITS.items()):
            mine = self.splits.get(split, [])[:count][self.rank :: self.recipe.workers]
            if mine:
                counts[row] = torch.tensor(word_errors(recognise(self.model, mine, self.pieces, self.normaliser)))
        self._withdrawn()
        if torch.distributed.is_initialized():
            torch.distributed.all_reduce(counts)
        rates = (100 * counts[:, 0] / counts[:, 1]).tolist()
        if counts[0, 1]:
            self.progress.wer_percent = rates[0]
        return dict(zip(MEASURED_SPLITS, rates, strict=True))

    def _record(self, rates: dict[str, float] | None, rate: float = 0.0, norm: float = 0.0) -> None:
        if self.recorder is None:
            return
        progress = self.progress
        row: dict[str, float | int | str] = {
            "step": progress.step,
            "minutes": round(progress.elapsed_s / 60, 3),
            "examples": progress.examples,
            "stage": self.stage.name,
            "frame_nats_per_step": _shown(progress.frame_loss),
            "transducer_nats_per_label": _shown(progress.transducer_loss),
            "ctc_nats_per_label": _shown(progress.ctc_loss),
            "learning_rate": rate,
            "gradient_norm": norm,
        }
        for mechanism in self.mechanisms:
            row |= mechanism.notes()
        for split in MEASURED_SPLITS:
            row[f"wer_{split.replace('-', '_')}_percent"] = round(rates[split], 2) if rates else ""
        self.recorder.row(row)

    def _keep(self) -> None:
        progress = self.progress
        if self.recorder:
            self.recorder.step(progress.step)
            self.recorder.histogram(progress.step, self.model.matrices()[HISTOGRAM_MATRIX])
        if progress.elapsed_s - self.saved > SAVE_EVERY_S:
            self.saved = progress.elapsed_s
            self.save()
        is_useful = progress.wer_percent < EXPORT_BELOW_PERCENT
        early = self.place.out / "early.safetensors"
        if is_useful and (progress.elapsed_s - self.exported > EXPORT_EVERY_S or not early.exists()):
            self.exported = progress.elapsed_s
            self._export(early.name)

    def save(self) -> None:
        """Write the checkpoint."""
        tensors = self.flat.state()
        tensors["mean"] = torch.from_numpy(self.normaliser.mean)
        tensors["inv_std"] = torch.from_numpy(self.normaliser.inv_std)
        for index, mechanism in enumerate(self.mechanisms):
            state = mechanism.state()
            tensors |= {f"{MECHANISM}.{index}.{name}": tensor for name, tensor in state.items()}
        path = self.place.out / "checkpoint.safetensors"
        save_checkpoint(path, Checkpoint(self.setup, self.progress, tensors))

    def _export(self, name: str) -> None:
        sparsity, quantisation = self.recipe.sparsity, self.recipe.quantisation
        few = quantisation if quantisation and quantisation.method != "none" else None
        trained = TrainedModel(
            seed=self.setup.seed,
            steps=self.progress.step,
            hours=round(self.progress.elapsed_s / 3600, 3),
            sparsity=sparsity.share if sparsity else 0.0,
            weight_bits=few.weight_bits if few else 0,
            recipe=self.place.name,
            codec=few.codec if few else "",
            start=self.setup.start,
        )
        self._deployed()
        card_name = self.place.name.replace("/", "-")
        scales = {key: scale for mechanism in self.mechanisms for key, scale in mechanism.scales().items()}
        path = self.place.out / name
        save_model(path, self.model, self.normaliser, self.pieces, card_name, trained, scales=scales)
        self._withdrawn()
        log.info("step %d: exported %s", self.progress.step, name)


def _shown(loss: float) -> float | str:
    """A running loss for the curve; empty where it was never measured."""
    return "" if loss > 1e8 else round(loss, 5)
