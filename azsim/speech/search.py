"""Search: from encoder outputs to labels; greedy here, anything else that follows `Search` in a file of its own.

::

    output t:  best label != blank ? emit it, run the prediction network, stay at t : go on to t + 1
               (at most 4 labels per output)

After the label that ends a sentence, in a network that has one, nothing more is emitted; it is no label of the result.
The joint still answers once per output, since the device listens until its end-point.

The logits are exact integers and ties go to the lower label, so the labels are exact too; only the posterior
probabilities are float.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from azsim.compiled import njit
from azsim.nn.rnnt import kernels
from azsim.nn.rnnt.formats import JOINT_HIDDEN_BITS
from azsim.nn.rnnt.integer_rnnt import IntegerModel

BLANK = 0
MAX_LABELS_PER_OUTPUT = 4


@dataclass(frozen=True)
class Found:
    """What a search found so far.

    Attributes:
        labels: the labels emitted.
        outputs: index of the encoder output at which each was emitted.
        probabilities: posterior probability of each label where it was emitted, 0 to 1.
        inputs: int8 ``(invocations, columns)`` per matrix of the prediction network and the joint, in order of
            execution; the first row of the prediction network's is the start of the utterance.
    """

    labels: tuple[int, ...]
    outputs: tuple[int, ...]
    probabilities: tuple[float, ...]
    inputs: dict[str, np.ndarray]


class Search(Protocol):
    """A search over the encoder outputs of one utterance."""

    def advance(self, encoded: np.ndarray) -> None:
        """Take the next encoder outputs, int16 ``(m, J)``."""

    def found(self) -> Found:
        """The best labels over all outputs taken."""


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
        probabilities = np.empty(most, np.float64)
        joined = np.empty((most, model.joint[kernels.OUTPUT, kernels.MATRIX_COLUMNS]), np.int8)
        states = np.empty((most, *self._hidden.shape), np.int8)
        emitted, evaluated, self._ended = _greedy(
            model.weights, model.biases, model.prediction, model.joint, model.no_bias, model.output_bias,
            model.logit_scale, model.sentence_end, self._ended, model.embedding, model.sigmoid, model.tanh,
            self._hidden, self._cell, self._predicted, encoded, labels, at, probabilities, joined, states,
        )  # fmt: skip
        self._labels += labels[:emitted].tolist()
        self._at += (at[:emitted] + self._outputs).tolist()
        self._probabilities += probabilities[:emitted].tolist()
        self._joined.append(joined[:evaluated].copy())
        self._states.append(states[:emitted].copy())
        self._outputs += len(encoded)

    def found(self) -> Found:
        """The labels over all outputs taken."""
        return Found(tuple(self._labels), tuple(self._at), tuple(self._probabilities), self._inputs())

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
    logit_scale: float,
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
    probabilities: np.ndarray,
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
            total = 0.0
            for label in range(logits.size):
                total += math.exp((np.int64(logits[label]) - np.int64(logits[best])) * logit_scale)
            labels[emitted], at[emitted], probabilities[emitted] = best, t, 1.0 / total
            kernels.predict(
                weights, biases, layers, joint, no_bias, sigmoid, tanh, hidden, cell, embedding[best], predicted
            )
            for i in range(hidden.shape[0]):
                for j in range(hidden.shape[1]):
                    states[emitted, i, j] = hidden[i, j]
            emitted += 1
    return emitted, evaluated, ended
