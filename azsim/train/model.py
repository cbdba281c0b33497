"""The streaming transducer as PyTorch layers, one to one what the integer engine runs.

::

    64 log-mel ─norm, clip─ stack 3 ─ LSTM ─ pair 2 ─ LSTM ─ LSTM ─┐
                   10 ms      30 ms          60 ms                 ├─ tanh ─ labels
    label before ─ embedding ─ LSTM ───────────────────────────────┘

A linear CTC head on the encoder helps training to start and is not exported.

**Source:** RNN-T after A. Graves 2012 (arXiv:1211.3711); the sizes are ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from azsim.train.rnnt_loss import Cells, join, rnnt_loss
from azsim.train.tokens import BLANK

ENCODER_LAYERS = 3
STACK = 3
TIME_REDUCTION = 2
FRAMES_PER_STEP = STACK * TIME_REDUCTION
FEATURE_CLIP = 4.0


@dataclass(frozen=True)
class Shape:
    """Sizes of a transducer.

    Attributes:
        vocabulary: labels, the blank among them.
        hidden: cells of each LSTM.
        embedding: width of a label's vector.
        joint: width of the joint hidden layer.
        mel_bins: features per 10 ms frame.
    """

    vocabulary: int
    hidden: int = 256
    embedding: int = 256
    joint: int = 256
    mel_bins: int = 64


@dataclass(frozen=True)
class Dropout:
    """Shares that are dropped in training.

    Attributes:
        encoder: of each encoder layer's output.
        embedding: of the embedded previous labels.
        label: previous labels replaced by random ones, so that the encoder cannot be ignored.
    """

    encoder: float = 0.1
    embedding: float = 0.2
    label: float = 0.1


class Transducer(nn.Module):
    """Encoder, prediction network and joint network."""

    def __init__(self, shape: Shape, dropout: Dropout | None = None) -> None:
        super().__init__()
        self.shape, self.dropout = shape, dropout or Dropout()
        widths = (shape.mel_bins * STACK, shape.hidden * TIME_REDUCTION, shape.hidden)
        self.encoder = nn.ModuleList(nn.LSTM(width, shape.hidden) for width in widths)
        self.embedding = nn.Embedding(shape.vocabulary, shape.embedding)
        self.prediction = nn.LSTM(shape.embedding, shape.hidden)
        self.joint_encoder = nn.Linear(shape.hidden, shape.joint)
        self.joint_prediction = nn.Linear(shape.hidden, shape.joint, bias=False)
        self.joint_output = nn.Linear(shape.joint, shape.vocabulary)
        self.ctc_head = nn.Linear(shape.hidden, shape.vocabulary)
        for layer in (*self.encoder, self.prediction):
            nn.init.zeros_(layer.bias_hh_l0)
            nn.init.constant_(layer.bias_ih_l0[shape.hidden : 2 * shape.hidden], 1.0)

    def encode(self, features: torch.Tensor) -> torch.Tensor:
        """Encoder outputs, time first.

        Args:
            features: float32 ``(B, T, mel_bins)``, normalised and clipped, T a multiple of 6.

        Returns:
            float32 ``(T / 6, B, hidden)``.
        """
        batch, frames, bins = features.shape
        hidden = features.reshape(batch, frames // STACK, STACK * bins).transpose(0, 1).contiguous()
        hidden = self._drop(self.encoder[0](hidden)[0], self.dropout.encoder)
        paired = hidden.reshape(-1, TIME_REDUCTION, batch, self.shape.hidden).transpose(1, 2)
        hidden = paired.reshape(-1, batch, TIME_REDUCTION * self.shape.hidden)
        for layer in list(self.encoder)[1:]:
            hidden = self._drop(layer(hidden)[0], self.dropout.encoder)
        return hidden

    def predict(
        self, labels: torch.Tensor, state: tuple[torch.Tensor, torch.Tensor] | None = None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        """Prediction network over labels ``(U, B)``: outputs ``(U, B, hidden)`` and the state after."""
        embedded = self._drop(self.embedding(labels), self.dropout.embedding)
        return self.prediction(embedded, state)

    def transducer_loss(self, encoded: torch.Tensor, cells: Cells) -> torch.Tensor:
        """Summed transducer loss of a batch.

        Args:
            encoded: what :meth:`encode` gave.
            cells: encoder steps and labels of each utterance.
        """
        longest = max(len(labels) for labels in cells.labels)
        before = torch.zeros(longest + 1, len(cells.labels), dtype=torch.int64)
        for b, labels in enumerate(cells.labels):
            before[1 : len(labels) + 1, b] = torch.tensor(labels, dtype=torch.int64)
        if self.training and self.dropout.label > 0:
            swap = torch.rand(before.shape) < self.dropout.label
            swap[0] = False
            before[swap] = torch.randint(BLANK + 1, self.shape.vocabulary, (int(swap.sum()),))
        predicted, _ = self.predict(before)
        hidden = join(
            self.joint_encoder(encoded).float().transpose(0, 1),
            self.joint_prediction(predicted).float().transpose(0, 1),
            cells,
        )
        return rnnt_loss(self.joint_output(hidden).float(), cells)

    def ctc_loss(self, encoded: torch.Tensor, cells: Cells) -> torch.Tensor:
        """Summed CTC loss of the training-only head; utterances without an alignment count 0."""
        scores = functional.log_softmax(self.ctc_head(encoded).float(), 2)
        targets = torch.tensor([label for labels in cells.labels for label in labels], dtype=torch.int64)
        lengths = torch.tensor([len(labels) for labels in cells.labels])
        steps = torch.tensor(cells.frames)
        return functional.ctc_loss(scores, targets, steps, lengths, BLANK, "sum", zero_infinity=True)

    def frame_loss(self, encoded: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Summed cross-entropy of the CTC head against one label per step ``(T, B)``; -1 is ignored.

        Returns:
            over all steps (to train on), and over the steps that are not blank (to judge by: silence is easy).
        """
        scores, wanted = self.ctc_head(encoded).float().reshape(-1, self.shape.vocabulary), targets.reshape(-1)
        losses = functional.cross_entropy(scores, wanted, ignore_index=-1, reduction="none")
        return losses.sum(), losses[wanted > BLANK].sum()

    def _drop(self, hidden: torch.Tensor, share: float) -> torch.Tensor:
        return functional.dropout(hidden, share, self.training)
