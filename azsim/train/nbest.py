"""The likeliest label sequences of a recording: a beam search that adds up the alignments it meets.

::

    step t:  hypotheses ── blank ──────────────> kept for t + 1 (equal labels are one)
                 └─ best labels ─> hypotheses ─ blank ─> …        at most 3 labels per step, none after the end

**Source:** A. Graves 2012 (arXiv:1211.3711), sec. 2.4, cut by beam and by a distance to the best.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from azsim.nn.rnnt.network import NO_LABEL
from azsim.train.model import Transducer
from azsim.train.tokens import BLANK

MAX_LABELS_PER_STEP = 3
CUT_NATS = 8.0

Labels = tuple[int, ...]
State = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class BeamEntry:
    """Labels so far, their log probability, and the prediction network after them."""

    labels: Labels
    score: float
    predicted: torch.Tensor
    state: State


@torch.no_grad()
def n_best(model: Transducer, encoded: torch.Tensor, count: int, sentence_end: int = NO_LABEL) -> list[Labels]:
    """The likeliest label sequences, best first.

    Args:
        model: in evaluation mode.
        encoded: encoder outputs of one recording, float32 ``(T, width)``.
        count: hypotheses kept at each step, and returned at most.
        sentence_end: the label after which a hypothesis has only blanks; where it was said, it is the last label.
    """
    projected = model.project_encoder(encoded)
    output, state = model.predict(torch.full((1, 1), BLANK))
    beam = [BeamEntry((), 0.0, model.project_prediction(output[0])[0], state)]
    for vector in projected:
        kept: dict[Labels, BeamEntry] = {}
        frontier = beam
        for turn in range(MAX_LABELS_PER_STEP + 1):
            predicted = torch.stack([each.predicted for each in frontier])
            scores = torch.log_softmax(model.scores(vector + predicted).float(), 1).numpy()
            for hypothesis, row in zip(frontier, scores, strict=True):
                _keep(kept, hypothesis, hypothesis.score + float(row[BLANK]))
            if turn == MAX_LABELS_PER_STEP:
                break
            frontier = _longer(model, frontier, scores, kept, count, sentence_end)
            if not frontier:
                break
        beam = sorted(kept.values(), key=lambda each: -each.score)[:count]
    return [each.labels for each in beam]


def _keep(kept: dict[Labels, BeamEntry], hypothesis: BeamEntry, score: float) -> None:
    before = kept.get(hypothesis.labels)
    total = score if before is None else float(np.logaddexp(before.score, score))
    kept[hypothesis.labels] = BeamEntry(hypothesis.labels, total, hypothesis.predicted, hypothesis.state)


def _longer(
    model: Transducer,
    frontier: list[BeamEntry],
    scores: np.ndarray,
    kept: dict[Labels, BeamEntry],
    count: int,
    sentence_end: int,
) -> list[BeamEntry]:
    """The best ways to say one label more, those that have a chance beside what is kept."""
    ranked = sorted((each.score for each in kept.values()), reverse=True)
    least = max(ranked[0] - CUT_NATS, ranked[count - 1] if len(ranked) >= count else -np.inf)
    totals = scores + np.array([each.score for each in frontier], np.float32)[:, None]
    totals[:, BLANK] = -np.inf
    totals[[each.labels[-1:] == (sentence_end,) for each in frontier]] = -np.inf
    best = np.argsort(-totals, axis=None, kind="stable")[:count]
    chosen = [divmod(int(place), totals.shape[1]) for place in best if totals.flat[place] > least]
    if not chosen:
        return []
    rows = [frontier[row] for row, _ in chosen]
    state = tuple(torch.cat([each.state[part] for each in rows], 1) for part in (0, 1))
    output, (hidden, cell) = model.predict(torch.tensor([[label for _, label in chosen]]), state)
    predicted = model.project_prediction(output[0])
    return [
        BeamEntry(
            (*before.labels, label),
            float(totals[row, label]),
            predicted[k],
            (hidden[:, k : k + 1], cell[:, k : k + 1]),
        )
        for k, (before, (row, label)) in enumerate(zip(rows, chosen, strict=True))
    ]
