"""Train on the word error rate itself: the errors that are expected of the likeliest hypotheses.

::

    every so many steps:  some recordings ── beam search ──> n-best, their word errors W       (decoding apart)
    every step:           P(y_i | x) by all alignments ──> sum of p_i (W_i - mean W)           (added to the loss)

**Source:** Guo et al. 2020 (arXiv:2007.13802): n-best scored by the forward-backward algorithm, a subset decoded now
and then ("semi-on-the-fly"), interpolation with the transducer loss.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from azsim.nn.rnnt.network import Network
from azsim.report.wer import count_errors
from azsim.train.batch import Manner, PaddedBatch, make_batch
from azsim.train.data import Normaliser, StoredUtterance, expected_frames, of_splits
from azsim.train.mechanism import Forward, Mechanism, TrainingStep
from azsim.train.model import Transducer
from azsim.train.nbest import Labels, n_best
from azsim.train.recipe import Mix, Mwer
from azsim.train.rnnt_loss import Cells, rnnt_losses
from azsim.train.tokens import Pieces

MOST_FRAMES = 600
NONE = -1


def expected_errors(losses: torch.Tensor, errors: torch.Tensor) -> torch.Tensor:
    """Errors expected of an n-best list beyond their mean.

    Args:
        losses: negative log probability of each hypothesis, ``(n,)``.
        errors: its word errors, ``(n,)``.
    """
    return (torch.softmax(-losses, 0) * (errors - errors.mean())).sum()


@dataclass(frozen=True)
class DecodedRecording:
    """A recording that was decoded: its features as a batch of one, the hypotheses and their word errors."""

    batch: PaddedBatch
    hypotheses: tuple[Labels, ...]
    errors: np.ndarray


class MinimumErrors(Mechanism):
    """Holds the recordings decoded last and adds their expected errors to every step."""

    def __init__(self, settings: Mwer, seed: int, mixes: Sequence[Mix], model: Transducer, pieces: Pieces) -> None:
        self._settings, self._seed, self._mixes, self._model, self._pieces = settings, seed, mixes, model, pieces
        self._splits: Mapping[str, Sequence[StoredUtterance]] = {}
        self._decoded: list[DecodedRecording] = []
        self._round = self._stage = 0
        self._mean = 0.0

    def begin(self, network: Network, splits: Mapping[str, Sequence[StoredUtterance]], is_resumed: bool) -> None:
        self._splits, self._normaliser = splits, Normaliser.of(network)

    def _batches(self, turn: int, mix: Mix) -> list[PaddedBatch]:
        """The recordings of a round, varied as the stage varies its own; the same for the same seed and round."""
        rng = np.random.default_rng((self._seed, turn, 1))
        synthetic, real = (
            [u for u in of_splits(self._splits, names) if expected_frames(u) <= MOST_FRAMES]
            for names in (mix.synthetic, mix.real)
        )
        noises = [u.features for u in of_splits(self._splits, mix.noises)]
        real_count = min(round(self._settings.recordings * self._settings.real_share), len(real))
        synthetic_count = min(self._settings.recordings - real_count, len(synthetic))
        chosen = [
            pool[i]
            for pool, count in ((synthetic, synthetic_count), (real, real_count))
            for i in rng.choice(len(pool), count, replace=False)
        ]
        keeps = mix.wake_word == "kept"
        manners = (Manner.draw(rng, mix.noisy, mix.wide) for _ in chosen)
        return [
            make_batch([each], self._pieces, self._normaliser, noises, mix.augmented, manner, rng, keeps)
            for each, manner in zip(chosen, manners, strict=True)
        ]

    def _encoded(self, batch: PaddedBatch) -> torch.Tensor:
        """Encoder outputs of a recording after its wake word ``(T, 1, H)``."""
        features, starts = torch.from_numpy(batch.features), torch.from_numpy(batch.starts)
        return self._model.encode_after(features, batch.wake_steps, max(batch.cells.frames), starts)

    def before_step(self, moment: TrainingStep) -> None:
        if moment.step % self._settings.decode_every_steps and self._decoded:
            return
        self._round, self._stage = moment.step, moment.stage
        was_training = self._model.training
        self._model.eval()
        self._decoded = []
        for batch in self._batches(self._round, self._mixes[self._stage]):
            with torch.no_grad():
                encoded = self._encoded(batch)[:, 0].float()
            self._add(batch, tuple(n_best(self._model, encoded, self._settings.hypotheses, self._pieces.sentence_end)))
        self._model.train(was_training)

    def _add(self, batch: PaddedBatch, hypotheses: tuple[Labels, ...]) -> None:
        said = self._pieces.decode(batch.cells.labels[0])
        errors = count_errors([said] * len(hypotheses), [self._pieces.decode(each) for each in hypotheses])[:, 0]
        self._decoded.append(DecodedRecording(batch, hypotheses, errors))

    def loss(self, moment: TrainingStep, forward: Forward) -> torch.Tensor:
        """Expected errors of a few of the recordings, weighted so that an error counts as a label's loss does."""
        rng = np.random.default_rng((self._seed, moment.step, 2))
        useful = [each for each in self._decoded if each.errors.min() < each.errors.max()]
        total = torch.zeros(())
        if not useful:
            return total
        chosen = rng.choice(len(useful), min(self._settings.recordings_per_step, len(useful)), replace=False)
        for each in (useful[i] for i in chosen):
            encoded = self._encoded(each.batch)
            count = len(each.hypotheses)
            cells = Cells.plain([len(encoded)] * count, each.hypotheses)
            logits = self._model.logits(encoded.expand(-1, count, -1), cells, labels_dropped=False)
            total = total + expected_errors(rnnt_losses(logits, cells), torch.from_numpy(each.errors).float())
        self._mean = total.item() / len(chosen)
        return self._settings.weight * total

    def notes(self) -> dict[str, float]:
        return {"expected_errors": self._mean}

    def state(self) -> dict[str, torch.Tensor]:
        """The round and its hypotheses; the recordings are drawn again from the round."""
        longest = max((len(h) for each in self._decoded for h in each.hypotheses), default=0)
        table = np.full((len(self._decoded), self._settings.hypotheses, longest + 1), NONE, np.int64)
        for row, each in zip(table, self._decoded, strict=True):
            for place, labels in zip(row, each.hypotheses, strict=False):
                place[0], place[1 : len(labels) + 1] = len(labels), labels
        return {"round": torch.tensor([self._round, self._stage]), "hypotheses": torch.from_numpy(table)}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        self._round, self._stage = (*state["round"].tolist(), 0)[:2]  # an older checkpoint has the round alone
        self._decoded = []
        table = state["hypotheses"].tolist()
        batches = self._batches(self._round, self._mixes[self._stage]) if table else []
        for batch, rows in zip(batches, table, strict=True):
            self._add(batch, tuple(tuple(row[1 : row[0] + 1]) for row in rows if row[0] != NONE))
