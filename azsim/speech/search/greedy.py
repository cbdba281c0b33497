"""Greedy search: the best label at every turn.

::

    output t:  best label != blank ? emit it, run the prediction network, stay at t : go on to t + 1
               (at most 4 labels per output)

After the label that ends a sentence, in a network that has one, nothing more is emitted; it is no label of the result.
The joint still answers once per output, since the device listens until its end-point.

The logits are exact integers and ties go to the lower label, so the labels are exact too; posterior probabilities
come from whole numbers as well (`azsim.speech.search.log_probability`).
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from azsim.compiled import njit
from azsim.nn.rnnt import kernels
from azsim.nn.rnnt.formats import JOINT_HIDDEN_BITS
from azsim.nn.rnnt.integer_rnnt import IntegerModel
from azsim.speech.search.log_probability import UNITS, exp_table, log_total, probability
from azsim.speech.search.search import BLANK, MAX_LABELS_PER_OUTPUT, Found, Hypothesis, Turn


class Greedy:
    """The best label at every turn."""

    def __init__(self, model: IntegerModel) -> None:
        self._model = model
        width = int(model.prediction[:, kernels.HIDDEN].max())
        self._hidden = np.zeros((len(model.prediction), width), np.int8)
        self._cell = np.zeros((len(model.prediction), width), np.int16)
        self._predicted = np.zeros(model.no_bias.size, np.int16)
        self._outputs = 0
        self._ended = False
        self._labels: list[int] = []
        self._at: list[int] = []
        self._probabilities: list[float] = []
        self._joined: list[np.ndarray] = []
        kernels.predict(
            model.weights, model.biases, model.prediction, model.joint, model.no_bias, model.sigmoid, model.tanh,
            self._hidden, self._cell, model.embedding[BLANK], self._predicted,
        )  # fmt: skip
        self._states: list[np.ndarray] = [self._hidden[None].copy()]

    def advance(self, encoded: np.ndarray) -> None:
        """Take the next encoder outputs, int16 ``(m, J)``."""
        model = self._model
        most = MAX_LABELS_PER_OUTPUT * len(encoded)
        labels, at = np.empty(most, np.int64), np.empty(most, np.int64)
        posteriors = np.empty(most, np.int64)
        joined = np.empty((most, model.joint[kernels.OUTPUT, kernels.MATRIX_COLUMNS]), np.int8)
        states = np.empty((most, *self._hidden.shape), np.int8)
        emitted, evaluated, self._ended = _greedy(
            model.weights, model.biases, model.prediction, model.joint, model.no_bias, model.output_bias,
            model.logit_scale * UNITS, exp_table(), model.sentence_end, self._ended, model.embedding, model.sigmoid,
            model.tanh, self._hidden, self._cell, self._predicted, encoded, labels, at, posteriors, joined, states,
        )  # fmt: skip
        self._labels += labels[:emitted].tolist()
        self._at += (at[:emitted] + self._outputs).tolist()
        self._probabilities += [probability(score) for score in posteriors[:emitted].tolist()]
        self._joined.append(joined[:evaluated].copy())
        self._states.append(states[:emitted].copy())
        self._outputs += len(encoded)

    def found(self) -> Found:
        """The labels over all outputs taken."""
        return Found(tuple(self._labels), tuple(self._at), tuple(self._probabilities), self._inputs(), self._turns())

    def hypotheses(self, output: int | None = None) -> tuple[Hypothesis, ...]:
        """The only one; see `azsim.speech.search.search.Search`."""
        until = self._outputs - 1 if output is None else output
        kept = sum(at <= until for at in self._at)
        labels, outputs = tuple(self._labels[:kept]), tuple(self._at[:kept])
        return (Hypothesis(labels, outputs, 1.0, until - outputs[-1] if outputs else until + 1),)

    def _turns(self) -> tuple[Turn, ...]:
        """Once more at an output after each of its labels, but not after the last one it may have."""
        emitted = Counter(self._at)
        return tuple(
            Turn(output, 1, int(turn < emitted[output]))
            for output in range(self._outputs)
            for turn in range(min(emitted[output] + 1, MAX_LABELS_PER_OUTPUT))
        )

    def _inputs(self) -> dict[str, np.ndarray]:
        model = self._model
        states = np.concatenate(self._states)
        inputs = {}
        entering = model.embedding[[BLANK, *self._labels]]
        for i, plan in enumerate(model.prediction):
            own = states[:, i, : plan[kernels.HIDDEN]]
            inputs[f"prediction.{i}.input"] = entering
            inputs[f"prediction.{i}.recurrent"] = np.concatenate([np.zeros_like(own[:1]), own[:-1]])
            entering = own
        width = int(model.joint[kernels.OUTPUT, kernels.MATRIX_COLUMNS])
        inputs["joint.prediction"] = entering
        inputs["joint.output"] = np.concatenate([np.zeros((0, width), np.int8), *self._joined])
        return inputs


@njit(cache=True, nogil=True)
def _greedy(
    weights: np.ndarray,
    biases: np.ndarray,
    layers: np.ndarray,
    joint: np.ndarray,
    no_bias: np.ndarray,
    output_bias: np.ndarray,
    unit: float,
    exps: np.ndarray,
    sentence_end: int,
    ended: bool,
    embedding: np.ndarray,
    sigmoid: np.ndarray,
    tanh: np.ndarray,
    hidden: np.ndarray,
    cell: np.ndarray,
    predicted: np.ndarray,
    encoded: np.ndarray,
    labels: np.ndarray,
    at: np.ndarray,
    posteriors: np.ndarray,
    joined: np.ndarray,
    states: np.ndarray,
) -> tuple[int, int, bool]:
    """Search over ``encoded``.

    Returns: how many labels and joint evaluations were written to the last five, and whether the sentence has ended.
    """
    logits = np.empty(output_bias.size, np.int32)
    emitted, evaluated = 0, 0
    for t in range(encoded.shape[0]):
        for _ in range(MAX_LABELS_PER_OUTPUT):
            kernels.join(
                weights, joint, output_bias, JOINT_HIDDEN_BITS, tanh, encoded[t], predicted, joined[evaluated], logits
            )
            evaluated += 1
            best = 0
            for label in range(1, logits.size):
                if logits[label] > logits[best]:
                    best = label
            ended = ended or best == sentence_end
            if best == BLANK or ended:
                break
            labels[emitted], at[emitted] = best, t
            posteriors[emitted] = -log_total(exps, logits, np.int64(logits[best]), unit)
            kernels.predict(
                weights, biases, layers, joint, no_bias, sigmoid, tanh, hidden, cell, embedding[best], predicted
            )
            for i in range(hidden.shape[0]):
                for j in range(hidden.shape[1]):
                    states[emitted, i, j] = hidden[i, j]
            emitted += 1
    return emitted, evaluated, ended
