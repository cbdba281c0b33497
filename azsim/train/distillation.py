"""What a student learns from a teacher: where on the lattice a label may come, and what the encoder hears.

::

    teacher (clean recording) ── encoder ─ late by d ─┬── joint ── P(next label), P(blank), P(rest) per cell ─┐
                                                      └─ distance ─┐                                          KL
    student (noisy recording) ── encoder ── linear map ────────────┘                                          │
                                    └──────────────────── joint ── the same three ────────────────────────────┘

Nothing is stored: the teacher hears each varied recording beside the student, so every variation has its own targets.
Recordings that nobody wrote down carry the teacher's transcript, for its lattice to have labels, and no label loss.

**Source:** three-way lattice: Panchapagesan et al. 2020 (arXiv:2011.06110); encoder outputs: CoDERT, arXiv:2106.07734,
of which this is the part without shared decoder; clean teacher, noisy student and unlabelled audio: Parthasarathi &
Strom 2019 (arXiv:1904.01624). The delay for a teacher that hears the future is ours.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import torch
from torch import nn

from azsim.errors import InputError
from azsim.output_file import write_output_file
from azsim.train.batch import PaddedBatch
from azsim.train.data import Normaliser, StoredUtterance
from azsim.train.decode import recognise
from azsim.train.export import load_model
from azsim.train.mechanism import Forward, Mechanism, TrainingStep
from azsim.train.model import Transducer
from azsim.train.recipe import Distillation
from azsim.train.rnnt_loss import Cells
from azsim.train.tokens import BLANK, Pieces

SMALLEST = 1e-6  # of a probability, before its logarithm
HELPER = "to_teacher"


def three_ways(logits: torch.Tensor, cells: Cells) -> torch.Tensor:
    """Log probabilities of the next label, the blank and all the rest, float32 ``(rows, 3)``.

    Where all labels are emitted, the next label has no probability of its own.
    """
    labels = torch.from_numpy(cells.next_labels)
    scores = torch.log_softmax(logits, 1)
    blank, label = scores[:, BLANK].exp(), scores[torch.arange(len(labels)), labels].exp()
    label = torch.where(labels == BLANK, torch.zeros_like(label), label)
    rest = 1 - blank - label
    return torch.stack([label, blank, rest], 1).clamp_min(SMALLEST).log()


def lattice_divergence(student: torch.Tensor, teacher: torch.Tensor, cells: Cells) -> torch.Tensor:
    """Summed Kullback-Leibler divergence of the student's three ways from the teacher's.

    Args:
        student, teacher: float32 logits ``(rows, vocabulary)``, packed as in `azsim.train.rnnt_loss`.
        cells: lengths and labels.
    """
    wanted = three_ways(teacher, cells)
    return (wanted.exp() * (wanted - three_ways(student, cells))).sum()


def encoder_distance(student: torch.Tensor, teacher: torch.Tensor, frames: Sequence[int]) -> torch.Tensor:
    """Squared distance of encoder outputs ``(T, B, width)``, mean over the width, summed over the true frames."""
    inside = torch.arange(len(student))[:, None] < torch.tensor(frames)
    return ((student - teacher) ** 2).mean(2)[inside].sum()


def delayed(encoded: torch.Tensor, steps: int) -> torch.Tensor:
    """Encoder outputs ``(T, B, width)`` that come some steps later; the first is repeated."""
    if not steps:
        return encoded
    return torch.cat([encoded[:1].expand(steps, -1, -1), encoded])[: len(encoded)]


def padded(frames: Sequence[np.ndarray], normaliser: Normaliser, length: int) -> torch.Tensor:
    """Normalised recordings ``(B, length, 64)``, zero where they have ended."""
    batch = np.zeros((len(frames), length, frames[0].shape[1]), np.float32)
    for row, each in zip(batch, frames, strict=True):
        row[: len(each)] = normaliser(each)[:length]
    return torch.from_numpy(batch)


class Distiller(Mechanism):
    """Runs the teacher beside the student."""

    def __init__(self, settings: Distillation, teacher: Path, model: Transducer, pieces: Pieces) -> None:
        self._settings = settings
        self._teacher, self._normaliser, teacher_pieces, _ = load_model(teacher)
        if teacher_pieces.strings != pieces.strings:
            raise InputError(f"{teacher}: its word pieces are not the student's; train the student from scratch")
        self._teacher.eval()
        self._model = model
        self._means = {"lattice_divergence_per_cell": 0.0, "encoder_distance_per_step": 0.0}
        if settings.encoder_weight:
            model.helpers[HELPER] = nn.Linear(model.shape.encoded, self._teacher.shape.encoded)

    def weights(self, batch: PaddedBatch) -> np.ndarray:
        return (batch.labelled * self._settings.label_weight).astype(np.float32)

    def loss(self, moment: TrainingStep, forward: Forward) -> torch.Tensor:
        settings, batch = self._settings, forward.batch
        features = torch.from_numpy(batch.features)
        if settings.clean:
            features = padded(batch.clean, self._normaliser, features.shape[1])
        with torch.no_grad():
            encoded = delayed(self._teacher.encode(features), settings.delay_steps)
            wanted = self._teacher.logits(encoded, batch.cells) if settings.lattice_weight else None
        total = torch.zeros(())
        if wanted is not None:
            divergence = lattice_divergence(forward.logits, wanted, batch.cells)
            self._means["lattice_divergence_per_cell"] = divergence.item() / len(wanted)
            total = total + settings.lattice_weight * divergence
        if settings.encoder_weight:
            mapped = self._model.helpers[HELPER](forward.encoded).float()
            distance = encoder_distance(mapped, encoded.float(), batch.cells.frames)
            self._means["encoder_distance_per_step"] = distance.item() / sum(batch.cells.frames)
            total = total + settings.encoder_weight * distance
        return total

    def notes(self) -> dict[str, float]:
        return self._means


def transcribed(utterances: Sequence[StoredUtterance], teacher: Path, notebook: Path) -> list[StoredUtterance]:
    """Recordings with what a teacher hears in them as text; those in which it hears nothing are left out.

    Args:
        utterances: their own texts are not looked at.
        teacher: exported network.
        notebook: file that keeps what was heard, for a resumed run.
    """
    if notebook.exists():
        heard = json.loads(notebook.read_text())
    else:
        model, normaliser, pieces, _ = load_model(teacher)
        heard = {r.utterance.line.id: r.hypothesis for r in recognise(model, utterances, pieces, normaliser)}
        write_output_file(notebook, [json.dumps(heard, indent=0).encode()])
    guesses = ((u, heard.get(u.line.id, "")) for u in utterances)
    return [
        StoredUtterance(msgspec.structs.replace(u.line, text=text), u.features, is_labelled=False)
        for u, text in guesses
        if text
    ]
