"""The same transducer in float32, many utterances at once: the cloud's baseline, and what calibration looks at.

Utterances are sorted by length and run side by side; those that have ended drop out of the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from azsim.nn.normalisation import normalised
from azsim.nn.rnnt.network import Network

BLANK = 0
MAX_LABELS_PER_OUTPUT = 4
Observer = Callable[[str, np.ndarray], None]


@dataclass(frozen=True)
class FloatFound:
    """Greedy labels of one utterance until its end, and the encoder output at which each was emitted."""

    labels: tuple[int, ...]
    outputs: tuple[int, ...]


class FloatTransducer:
    """A network in float32.

    Args:
        network: its parameters are used as they are; features are clipped but not quantised.
        observe: called with the name and values of each cell, hidden, gate and joint tensor; ``cell`` and
            ``hidden`` of a layer, ``gates`` before their functions, ``small.narrow`` in its small branch.
        large: of an encoder with branches: which of them runs; by default its arbiter picks, or it is the large one.
    """

    def __init__(self, network: Network, observe: Observer | None = None, large: bool | None = None) -> None:
        self._network = network
        self._large = large
        self._observe = observe
        self._weights = {name: np.asarray(value, np.float32) for name, value in network.parameters.items()}

    def steps(self, features: np.ndarray) -> np.ndarray:
        """Log-mel ``(frames, 64)`` to normalised, clipped steps; the tail is filled up as in the integer front end."""
        network, weights = self._network, self._weights
        levelled = normalised(features, network.normalisation)
        normal = (levelled - weights["frontend.mean"]) * weights["frontend.inv_std"]
        clipped = np.clip(normal, -network.feature_clip, network.feature_clip)
        missing = -len(clipped) % (network.stack * network.steps_per_output)
        padded = np.concatenate([clipped, np.zeros((missing, clipped.shape[1]), np.float32)])
        return padded.reshape(-1, network.stack * clipped.shape[1])

    def recognise(self, features: Sequence[np.ndarray]) -> list[FloatFound]:
        """Greedy labels of each recording, given its log-mel features ``(frames, 64)``."""
        order = sorted(range(len(features)), key=lambda i: -len(features[i]))
        steps = [self.steps(features[i]) for i in order]
        found = self._greedy(*self._encode(steps))
        back = sorted(range(len(order)), key=lambda i: order[i])
        return [found[i] for i in back]

    def _encode(self, steps: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Joint projections ``(outputs, B, J)`` of utterances sorted by falling length, and the outputs of each."""
        network = self._network
        lengths = np.array([len(each) for each in steps])
        hidden = np.zeros((int(lengths.max()), len(steps), steps[0].shape[1]), np.float32)
        for b, each in enumerate(steps):
            hidden[: len(each), b] = each
        picked = self._pick(hidden, lengths) if network.has_branches else None
        for i in range(network.encoder_layers):
            own = self._lstm(f"encoder.{i}", hidden, lengths, picked)
            if network.is_bidirectional:
                backward = self._lstm(f"encoder.{i}.reverse", _reversed(hidden, lengths), lengths)
                own = np.concatenate([own, _reversed(backward, lengths)], axis=2)
            hidden = own
            if i == network.time_reduction_after:
                count, reduction = len(hidden) // network.time_reduction, network.time_reduction
                paired = hidden.reshape(count, reduction, len(steps), -1).transpose(0, 2, 1, 3)
                hidden, lengths = paired.reshape(count, len(steps), -1), lengths // reduction
                picked = None if picked is None else picked[reduction - 1 :: reduction]
        weights = self._weights
        return hidden @ weights["joint.encoder"].T + weights["joint.bias"], lengths

    def _pick(self, steps: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """bool ``(steps, B)``: True where the large branch runs."""
        if self._large is not None or not self._network.has_arbiter:
            return np.full(steps.shape[:2], self._large is not False)
        weights = self._weights
        scores = self._lstm("arbiter.0", steps, lengths) @ weights["arbiter.score"].T + weights["arbiter.score_bias"]
        return scores[..., 0] > 0

    def _lstm(
        self, layer: str, inputs: np.ndarray, lengths: np.ndarray, picked: np.ndarray | None = None
    ) -> np.ndarray:
        """All steps of one layer: ``(steps, B, in)`` to ``(steps, B, H)``."""
        size = self._weights[f"{layer}.recurrent"].shape[1]
        outputs = np.zeros((*inputs.shape[:2], size), np.float32)
        hidden = np.zeros((inputs.shape[1], size), np.float32)
        cell = np.zeros_like(hidden)
        for k in range(len(inputs)):
            running = int((lengths > k).sum())
            large = None if picked is None else picked[k, :running]
            hidden, cell = self.lstm_step(layer, inputs[k, :running], hidden[:running], cell[:running], large)
            outputs[k, :running] = hidden
        return outputs

    def lstm_step(
        self, layer: str, vectors: np.ndarray, hidden: np.ndarray, cell: np.ndarray, large: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """One step of a batch: new hidden and cell state, each ``(B, H)``; ``large``: who takes the large branch."""
        weights = self._weights
        gates = vectors @ weights[f"{layer}.input"].T
        gates += hidden @ weights[f"{layer}.recurrent"].T
        gates += weights[f"{layer}.bias"]
        if large is not None:
            gates = np.where(large[:, None], gates, self._small_gates(f"{layer}.small", vectors, hidden))
        input_gate, forget, candidate, output = np.split(gates, 4, axis=1)
        new_cell = _sigmoid(forget) * cell + _sigmoid(input_gate) * np.tanh(candidate)
        new_hidden = _sigmoid(output) * np.tanh(new_cell)
        if self._observe is not None:
            self._observe(f"{layer}.gates", gates)
            self._observe(f"{layer}.cell", new_cell)
            self._observe(f"{layer}.hidden", new_hidden)
        return new_hidden, new_cell

    def _small_gates(self, branch: str, vectors: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        weights = self._weights
        narrow = vectors @ weights[f"{branch}.input"].T + hidden @ weights[f"{branch}.recurrent"].T
        if self._observe is not None:
            self._observe(f"{branch}.narrow", narrow)
        return narrow @ weights[f"{branch}.expand"].T + weights[f"{branch}.bias"]

    def predict(
        self, labels: np.ndarray, states: Sequence[tuple[np.ndarray, np.ndarray]]
    ) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
        """One step of the prediction network: projections ``(B, J)`` and the new (hidden, cell) of each layer."""
        vectors, after = self._weights["prediction.embedding"][labels], []
        for i, (hidden, cell) in enumerate(states):
            vectors, cell = self.lstm_step(f"prediction.{i}", vectors, hidden, cell)
            after.append((vectors, cell))
        return vectors @ self._weights["joint.prediction"].T, after

    def _greedy(self, encoded: np.ndarray, lengths: np.ndarray) -> list[FloatFound]:
        weights, count = self._weights, encoded.shape[1]
        labels: list[list[int]] = [[] for _ in range(count)]
        outputs: list[list[int]] = [[] for _ in range(count)]
        sizes = [weights[f"prediction.{i}.recurrent"].shape[1] for i in range(self._network.layers("prediction"))]
        zeros = [(np.zeros((count, size), np.float32), np.zeros((count, size), np.float32)) for size in sizes]
        predicted, states = self.predict(np.full(count, BLANK), zeros)
        ended = np.zeros(count, bool)
        for t in range(len(encoded)):
            active = np.flatnonzero((lengths > t) & ~ended)
            for _ in range(MAX_LABELS_PER_OUTPUT):
                sums = encoded[t, active] + predicted[active]
                logits = np.tanh(sums) @ weights["joint.output"].T + weights["joint.output_bias"]
                if self._observe is not None:
                    self._observe("joint.sum", sums)
                    self._observe("joint.logits", logits)
                best = logits.argmax(axis=1)
                ends = best == self._network.sentence_end
                ended[active[ends]] = True
                emits = (best != BLANK) & ~ends
                active, best = active[emits], best[emits]
                if not active.size:
                    break
                for b, label in zip(active, best, strict=True):
                    labels[b].append(int(label))
                    outputs[b].append(t)
                predicted[active], after = self.predict(best, [(h[active], c[active]) for h, c in states])
                for (hidden, cell), (new_hidden, new_cell) in zip(states, after, strict=True):
                    hidden[active], cell[active] = new_hidden, new_cell
        return [FloatFound(tuple(own), tuple(at)) for own, at in zip(labels, outputs, strict=True)]


def _reversed(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Each utterance's steps ``(steps, B, n)`` from its last to its first; what lies after its end stays."""
    turned = values.copy()
    for b, length in enumerate(lengths):
        turned[:length, b] = values[:length, b][::-1]
    return turned


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return 0.5 * np.tanh(0.5 * values) + 0.5
