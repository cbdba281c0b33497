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

from azsim.nn.network import Network
from azsim.report.wer import count_errors
from azsim.train.batch import Batch, Manner, make_batch
from azsim.train.data import REAL_TRAIN, TRAIN, Normaliser, Utterance, expected_frames, of_splits
from azsim.train.mechanism import Forward, Mechanism, Moment
from azsim.train.model import Transducer
from azsim.train.nbest import Labels, n_best
from azsim.train.recipe import NOISES, Mwer
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
class Heard:
    """A recording that was decoded: its features as a batch of one, the hypotheses and their word errors."""

    batch: Batch
    hypotheses: tuple[Labels, ...]
    errors: np.ndarray


class MinimumErrors(Mechanism):
    """Holds the recordings decoded last and adds their expected errors to every step."""

    def __init__(self, settings: Mwer, seed: int, model: Transducer, pieces: Pieces) -> None:
        self._settings, self._seed, self._model, self._pieces = settings, seed, model, pieces
        self._synthetic: list[Utterance] = []
        self._real: list[Utterance] = []
        self._noises: list[np.ndarray] = []
        self._heard: list[Heard] = []
        self._round = 0
        self._mean = 0.0

    def begin(self, network: Network, splits: Mapping[str, Sequence[Utterance]], is_resumed: bool) -> None:
        self._synthetic, self._real = (
            [u for u in splits.get(split, []) if expected_frames(u) <= MOST_FRAMES] for split in (TRAIN, REAL_TRAIN)
        )
        self._noises = [u.features for u in of_splits(splits, NOISES)]
        parameters = network.parameters
        self._normaliser = Normaliser(parameters["frontend.mean"], parameters["frontend.inv_std"])

    def _batches(self, turn: int) -> list[Batch]:
        """The recordings of a round, varied; the same for the same seed and round."""
        rng = np.random.default_rng((self._seed, turn, 1))
        real = min(round(self._settings.recordings * self._settings.real_share), len(self._real))
        synthetic = min(self._settings.recordings - real, len(self._synthetic))
        chosen = [
            pool[i]
            for pool, count in ((self._synthetic, synthetic), (self._real, real))
            for i in rng.choice(len(pool), count, replace=False)
        ]
        return [
            make_batch([each], self._pieces, self._normaliser, self._noises, True, Manner.draw(rng), rng)
            for each in chosen
        ]

    def before_step(self, moment: Moment) -> None:
        if moment.step % self._settings.decode_every_steps and self._heard:
            return
        self._round = moment.step
        was_training = self._model.training
        self._model.eval()
        self._heard = []
        for batch in self._batches(self._round):
            with torch.no_grad():
                encoded = self._model.encode(torch.from_numpy(batch.features))[:, 0].float()
            self._add(batch, tuple(n_best(self._model, encoded, self._settings.hypotheses, self._pieces.sentence_end)))
        self._model.train(was_training)

    def _add(self, batch: Batch, hypotheses: tuple[Labels, ...]) -> None:
        said = self._pieces.decode(batch.cells.labels[0])
        errors = count_errors([said] * len(hypotheses), [self._pieces.decode(each) for each in hypotheses])[:, 0]
        self._heard.append(Heard(batch, hypotheses, errors))

    def loss(self, moment: Moment, forward: Forward) -> torch.Tensor:
        """Expected errors of a few of the recordings, weighted so that an error counts as a label's loss does."""
        rng = np.random.default_rng((self._seed, moment.step, 2))
        useful = [each for each in self._heard if each.errors.min() < each.errors.max()]
        total = torch.zeros(())
        if not useful:
            return total
        chosen = rng.choice(len(useful), min(self._settings.recordings_per_step, len(useful)), replace=False)
        for heard in (useful[i] for i in chosen):
            encoded = self._model.encode(torch.from_numpy(heard.batch.features))
            count = len(heard.hypotheses)
            cells = Cells.plain([len(encoded)] * count, heard.hypotheses)
            logits = self._model.logits(encoded.expand(-1, count, -1), cells, labels_dropped=False)
            total = total + expected_errors(rnnt_losses(logits, cells), torch.from_numpy(heard.errors).float())
        self._mean = total.item() / len(chosen)
        return self._settings.weight * total

    def notes(self) -> dict[str, float]:
        return {"expected_errors": self._mean}

    def state(self) -> dict[str, torch.Tensor]:
        """The round and its hypotheses; the recordings are drawn again from the round."""
        longest = max((len(h) for each in self._heard for h in each.hypotheses), default=0)
        table = np.full((len(self._heard), self._settings.hypotheses, longest + 1), NONE, np.int64)
        for row, each in zip(table, self._heard, strict=True):
            for place, labels in zip(row, each.hypotheses, strict=False):
                place[0], place[1 : len(labels) + 1] = len(labels), labels
        return {"round": torch.tensor([self._round]), "hypotheses": torch.from_numpy(table)}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        self._round, self._heard = int(state["round"]), []
        table = state["hypotheses"].tolist()
        for batch, rows in zip(self._batches(self._round) if table else [], table, strict=True):
            self._add(batch, tuple(tuple(row[1 : row[0] + 1]) for row in rows if row[0] != NONE))
