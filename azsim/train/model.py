"""The streaming transducer as PyTorch layers, one to one what the integer engine runs.

::

    64 log-mel ─norm, clip─ stack 3 ─ LSTM ─ pair 2 ─ LSTM ─ LSTM ─┐
                   10 ms      30 ms          60 ms                 ├─ tanh ─ labels
    label before ─ embedding ─ LSTM ───────────────────────────────┘

A linear CTC head on the encoder helps training to start and is not exported; nor are the `helpers` that mechanisms of
training add.

**Source:** RNN-T after A. Graves 2012 (arXiv:1211.3711); the sizes are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from azsim.train import chip_arithmetic
from azsim.train.branches import Branches
from azsim.train.chip_arithmetic import ChipFormats
from azsim.train.lstm import lstm
from azsim.train.rnnt_loss import Cells, add, join
from azsim.train.tokens import BLANK

ENCODER_LAYERS = 3
STACK = 3
TIME_REDUCTION = 2
FRAMES_PER_STEP = STACK * TIME_REDUCTION
TRAINING_ONLY = ("ctc_head", "helpers")
"""First words of the names of parameters that help training and are not handed on."""


@dataclass(frozen=True)
class Shape:
    """Sizes of a transducer.

    Attributes:
        vocabulary: labels, the blank among them.
        hidden: cells of each encoder LSTM, of each direction.
        embedding: width of a label's vector.
        joint: width of the joint hidden layer.
        prediction: cells of the prediction LSTM; 0 for as many as ``hidden``.
        bidirectional: the encoder hears the whole recording first.
        mel_bins: features per 10 ms frame.
        branch_rank: width of the encoder's small branches (`azsim.train.branches`); 0 for an encoder without.
        arbiter: cells of the LSTM that picks a branch per step; 0 where something else picks.
    """

    vocabulary: int
    hidden: int = 256
    embedding: int = 256
    joint: int = 256
    prediction: int = 0
    bidirectional: bool = False
    mel_bins: int = 64
    branch_rank: int = 0
    arbiter: int = 0

    @property
    def encoded(self) -> int:
        """Width of an encoder output."""
        return self.hidden * (2 if self.bidirectional else 1)

    @property
    def predicted(self) -> int:
        """Width of an output of the prediction network."""
        return self.prediction or self.hidden


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
    """Encoder, prediction network and joint network; with ``chip`` set, its activations are the chip's integers."""

    def __init__(self, shape: Shape, dropout: Dropout | None = None) -> None:
        super().__init__()
        self.shape, self.dropout = shape, dropout or Dropout()
        self.chip: ChipFormats | None = None
        widths = (shape.mel_bins * STACK, shape.encoded * TIME_REDUCTION, shape.encoded)
        both = shape.bidirectional
        self.encoder = nn.ModuleList(nn.LSTM(width, shape.hidden, bidirectional=both) for width in widths)
        self.branches = Branches(widths, shape.hidden, shape.branch_rank, shape.arbiter) if shape.branch_rank else None
        self.embedding = nn.Embedding(shape.vocabulary, shape.embedding)
        self.prediction = nn.LSTM(shape.embedding, shape.predicted)
        self.joint_encoder = nn.Linear(shape.encoded, shape.joint)
        self.joint_prediction = nn.Linear(shape.predicted, shape.joint, bias=False)
        self.joint_output = nn.Linear(shape.joint, shape.vocabulary)
        self.ctc_head = nn.Linear(shape.encoded, shape.vocabulary)
        self.helpers = nn.ModuleDict()
        for layer in (*self.encoder, self.prediction):
            for end in ("", "_reverse")[: 2 if layer.bidirectional else 1]:
                nn.init.zeros_(getattr(layer, f"bias_hh_l0{end}"))
                forget = slice(layer.hidden_size, 2 * layer.hidden_size)
                nn.init.constant_(getattr(layer, f"bias_ih_l0{end}")[forget], 1.0)

    def matrices(self) -> dict[str, nn.Parameter]:
        """The weight matrices that the device gets, under their exported names."""
        found = {}
        for index, layer in enumerate(self.encoder):
            found |= _lstm_matrices(layer, f"encoder.{index}")
        found |= self.branches.matrices() if self.branches else {}
        found["prediction.embedding"] = self.embedding.weight
        found |= _lstm_matrices(self.prediction, "prediction.0")
        return found | {
            "joint.encoder": self.joint_encoder.weight,
            "joint.prediction": self.joint_prediction.weight,
            "joint.output": self.joint_output.weight,
        }

    def encode(self, features: torch.Tensor, starts: torch.Tensor | None = None) -> torch.Tensor:
        """Encoder outputs, time first.

        Args:
            features: float32 ``(B, T, mel_bins)``, normalised and clipped, T a multiple of 6.
            starts: frame at which the command begins, ``(B,)``; branches may ask for it.

        Returns:
            float32 ``(T / 6, B, encoded)``.
        """
        batch, frames, bins = features.shape
        if self.chip:
            features = chip_arithmetic.int8(features, self.chip.feature_scale)
        hidden = features.reshape(batch, frames // STACK, STACK * bins).transpose(0, 1).contiguous()
        picked = self.branches.pick(hidden, None if starts is None else starts / STACK) if self.branches else None
        hidden = self._drop(self._encoder_layer(0, hidden, picked), self.dropout.encoder)
        paired = hidden.reshape(-1, TIME_REDUCTION, batch, self.shape.encoded).transpose(1, 2)
        hidden = paired.reshape(-1, batch, TIME_REDUCTION * self.shape.encoded)
        picked = None if picked is None else picked[TIME_REDUCTION - 1 :: TIME_REDUCTION]
        for index in range(1, ENCODER_LAYERS):
            hidden = self._drop(self._encoder_layer(index, hidden, picked), self.dropout.encoder)
        return hidden

    def _encoder_layer(self, index: int, inputs: torch.Tensor, picked: torch.Tensor | None) -> torch.Tensor:
        """Outputs of an encoder layer, each step by the branch that was picked for it."""
        if picked is None:
            return self._lstm(f"encoder.{index}", inputs)[0]
        return self.branches.layer(index, self.encoder[index], inputs, picked)

    def encode_after(
        self, features: torch.Tensor, firsts: Sequence[int], steps: int, starts: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Encoder outputs of each utterance from a step of its own on, the state kept from before.

        Args:
            features, starts: as `encode` takes them.
            firsts: first step of each utterance.
            steps: how many; what is beyond an utterance's end is its last output.

        Returns:
            float32 ``(steps, B, encoded)``.
        """
        encoded = self.encode(features, starts)
        if not any(firsts):
            return encoded
        rows = torch.tensor(firsts)[None] + torch.arange(steps)[:, None]
        rows = rows.clamp(max=len(encoded) - 1)[:, :, None].expand(-1, -1, encoded.shape[2])
        return encoded.gather(0, rows)

    def _lstm(
        self, name: str, inputs: torch.Tensor, state: tuple[torch.Tensor, torch.Tensor] | None = None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        """A layer by its exported name, in floats or as the chip computes it."""
        layer = self.prediction if name == "prediction.0" else self.encoder[int(name.removeprefix("encoder."))]
        if self.chip:
            return chip_arithmetic.lstm(layer, inputs, self.chip.lstm[name], state)
        return lstm(layer, inputs, state)

    def predict(
        self, labels: torch.Tensor, state: tuple[torch.Tensor, torch.Tensor] | None = None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        """Prediction network over labels ``(U, B)``: outputs ``(U, B, hidden)`` and the state after."""
        embedded = self._drop(self.embedding(labels), self.dropout.embedding)
        return self._lstm("prediction.0", embedded, state)

    def project_encoder(self, encoded: torch.Tensor) -> torch.Tensor:
        """The encoder's part of the joint's sum, float32."""
        return self._projected(self.joint_encoder, encoded)

    def project_prediction(self, predicted: torch.Tensor) -> torch.Tensor:
        """The prediction network's part of the joint's sum, float32."""
        return self._projected(self.joint_prediction, predicted)

    def _projected(self, layer: nn.Linear, vectors: torch.Tensor) -> torch.Tensor:
        if not self.chip:
            return layer(vectors).float()
        with torch.autocast("cpu", enabled=False):
            products = chip_arithmetic.gate(vectors.float() @ layer.weight.t())
            return products if layer.bias is None else chip_arithmetic.gate(products + layer.bias)

    def scores(self, total: torch.Tensor) -> torch.Tensor:
        """Logits ``(…, vocabulary)`` of sums of both parts ``(…, joint)``, for a search."""
        hidden = chip_arithmetic.joint_hidden(total) if self.chip else torch.tanh(total)
        return self.joint_output(hidden)

    def logits(self, encoded: torch.Tensor, cells: Cells, labels_dropped: bool = True) -> torch.Tensor:
        """Scores of the labels in every cell of the transducer's lattice.

        Args:
            encoded: what :meth:`encode` gave.
            cells: encoder steps and labels of each utterance.
            labels_dropped: replace some of the labels before by random ones while training.

        Returns:
            float32 ``(rows, vocabulary)``, packed as in `azsim.train.rnnt_loss`.
        """
        longest = max(len(labels) for labels in cells.labels)
        before = torch.zeros(longest + 1, len(cells.labels), dtype=torch.int64)
        for b, labels in enumerate(cells.labels):
            before[1 : len(labels) + 1, b] = torch.tensor(labels, dtype=torch.int64)
        if self.training and labels_dropped and self.dropout.label > 0:
            swap = torch.rand(before.shape) < self.dropout.label
            swap[0] = False
            before[swap] = torch.randint(BLANK + 1, self.shape.vocabulary, (int(swap.sum()),))
        predicted, _ = self.predict(before)
        parts = self.project_encoder(encoded).transpose(0, 1), self.project_prediction(predicted).transpose(0, 1)
        if self.chip:
            return self.joint_output(chip_arithmetic.joint_hidden(add(*parts, cells))).float()
        return self.joint_output(join(*parts, cells)).float()

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
        return dropped(hidden, share) if self.training and share else hidden


def dropped(values: torch.Tensor, share: float) -> torch.Tensor:
    """Dropout, the share to the nearest 256th: eight draws of one random number, which a single core needs long for."""
    words = torch.empty(-(-values.numel() // 8), dtype=torch.int64).random_(-(2**63), None)
    cut = round(256 * share)
    kept = (words.view(torch.uint8)[: values.numel()] >= cut).view(values.shape)
    return values * kept.to(values.dtype).mul_(256 / (256 - cut))


def _lstm_matrices(layer: nn.LSTM, name: str) -> dict[str, nn.Parameter]:
    found = {f"{name}.input": layer.weight_ih_l0, f"{name}.recurrent": layer.weight_hh_l0}
    if layer.bidirectional:
        found |= {
            f"{name}.reverse.input": layer.weight_ih_l0_reverse,
            f"{name}.reverse.recurrent": layer.weight_hh_l0_reverse,
        }
    return found
