"""Words from a transducer: batched greedy search, and the word error rate.

::

    step t:  label != blank ? emit it, stay at t : go to t + 1     (at most 4 labels per step, none after the end)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jiwer
import numpy as np
import torch

from azsim.nn.rnnt.network import NO_LABEL
from azsim.train.data import Normaliser, StoredUtterance
from azsim.train.model import FRAMES_PER_STEP, Transducer
from azsim.train.tokens import BLANK, Pieces, normalise

MAX_LABELS_PER_STEP = 4
BATCH = 25


@torch.no_grad()
def greedy(
    model: Transducer,
    features: torch.Tensor,
    steps: Sequence[int],
    sentence_end: int = NO_LABEL,
    starts: torch.Tensor | None = None,
) -> list[list[int]]:
    """Best label at every step.

    Args:
        model: in evaluation mode.
        features: float32 ``(B, T, 64)``, normalised, T a multiple of 6.
        steps: encoder steps of each utterance.
        sentence_end: the label after which an utterance says nothing more.
        starts: frame at which each one's speech begins, see `Transducer.encode`.

    Returns:
        The labels of each utterance, without blanks and without its end.
    """
    encoded = model.project_encoder(model.encode(features, starts))
    count = len(steps)
    lengths = torch.tensor(steps)
    found: list[list[int]] = [[] for _ in range(count)]
    output, (h, c) = model.predict(torch.full((1, count), BLANK))
    predicted = model.project_prediction(output[0])
    ended = torch.zeros(count, dtype=torch.bool)
    for t in range(int(lengths.max())):
        active = torch.nonzero((lengths > t) & ~ended)[:, 0]
        for _ in range(MAX_LABELS_PER_STEP):
            best = model.scores(encoded[t, active] + predicted[active]).argmax(1)
            ended[active] = best == sentence_end
            emitting = (best != BLANK) & (best != sentence_end)
            if not bool(emitting.any()):
                break
            active, labels = active[emitting], best[emitting]
            for b, label in zip(active.tolist(), labels.tolist(), strict=True):
                found[b].append(label)
            output, (h_new, c_new) = model.predict(labels[None], (h[:, active], c[:, active]))
            h[:, active], c[:, active] = h_new, c_new
            predicted[active] = model.project_prediction(output[0])
    return found


@dataclass(frozen=True)
class Recognised:
    """An utterance and what was heard in it."""

    utterance: StoredUtterance
    hypothesis: str


def recognise(
    model: Transducer, utterances: Sequence[StoredUtterance], pieces: Pieces, normaliser: Normaliser
) -> list[Recognised]:
    """Greedy transcripts of whole recordings, in the order given."""
    was_training = model.training
    model.eval()
    texts: dict[int, str] = {}
    order = sorted(range(len(utterances)), key=lambda i: utterances[i].line.frames)
    for first in range(0, len(order), BATCH):
        chosen = order[first : first + BATCH]
        steps = [max(1, utterances[i].line.frames // FRAMES_PER_STEP) for i in chosen]
        features = np.zeros((len(chosen), max(steps) * FRAMES_PER_STEP, utterances[0].features.shape[1]), np.float32)
        for b, i in enumerate(chosen):
            frames = normaliser(utterances[i].features.astype(np.float32))[: features.shape[1]]
            features[b, : len(frames)] = frames
        starts = torch.tensor([utterances[i].speech_frames[0] for i in chosen])
        found = greedy(model, torch.from_numpy(features), steps, pieces.sentence_end, starts)
        for i, labels in zip(chosen, found, strict=True):
            texts[i] = pieces.decode(labels)
    model.train(was_training)
    return [Recognised(utterance, texts[i]) for i, utterance in enumerate(utterances)]


def word_errors(results: Sequence[Recognised]) -> tuple[int, int]:
    """Wrong words (substituted, deleted, inserted) and spoken words."""
    if not results:
        return 0, 0
    measured = jiwer.process_words([normalise(r.utterance.line.text) for r in results], [r.hypothesis for r in results])
    errors = measured.substitutions + measured.deletions + measured.insertions
    return errors, measured.hits + measured.substitutions + measured.deletions


def wer_percent(results: Sequence[Recognised]) -> float:
    """Word error rate in per cent; not a number where nothing was spoken."""
    errors, words = word_errors(results)
    return 100 * errors / words if words else float("nan")
