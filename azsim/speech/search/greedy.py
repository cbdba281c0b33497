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
from azsim.nn.rnnt.batch import Networks, States, join_batch, predict_batch
from azsim.nn.rnnt.integer_rnnt import IntegerModel
from azsim.speech.search.log_probability import UNITS, exp_table, log_total, probability
from azsim.speech.search.search import BLANK, MAX_LABELS_PER_OUTPUT, Found, Hypothesis, SearchTurn


class Greedy:
    """The best label at every turn."""

    def __init__(self, model: IntegerModel) -> None:
        self._model = model
        self._states = States.zeros(model.networks, 2)
        self._place = 0
        self._outputs = 0
        self._ended = False
        self._labels: list[int] = []
        self._at: list[int] = []
        self._probabilities: list[float] = []
        self._joined: list[np.ndarray] = []
        predict_batch(model.networks, self._states, np.array([1]), np.array([BLANK]), np.array([0]), 1)
        self._hidden: list[np.ndarray] = [self._states.hidden[:1].copy()]

    def advance(self, encoded: np.ndarray) -> None:
        """Take the next encoder outputs, int16 ``(m, J)``."""
        model = self._model
        most = MAX_LABELS_PER_OUTPUT * len(encoded)
        labels, at = np.empty(most, np.int64), np.empty(most, np.int64)
        posteriors = np.empty(most, np.int64)
        joined = np.empty((most, model.networks.width), np.int8)
        hidden = np.empty((most, *self._states.hidden.shape[1:]), np.int8)
        emitted, evaluated, self._place, self._ended = _greedy(
            model.networks, self._states, self._place, model.logit_scale * UNITS, exp_table(), model.sentence_end,
            self._ended, np.ascontiguousarray(encoded), labels, at, posteriors, joined, hidden,
        )  # fmt: skip
        self._labels += labels[:emitted].tolist()
        self._at += (at[:emitted] + self._outputs).tolist()
        self._probabilities += [probability(score) for score in posteriors[:emitted].tolist()]
        self._joined.append(joined[:evaluated].copy())
        self._hidden.append(hidden[:emitted].copy())
        self._outputs += len(encoded)

    def found(self) -> Found:
        """The labels over all outputs taken."""
        return Found(tuple(self._labels), tuple(self._at), tuple(self._probabilities), self._inputs(), self._turns())

    def graph(self) -> None:
        """Nothing else is held possible."""

    def hypotheses(self, output: int | None = None) -> tuple[Hypothesis, ...]:
        """The only one; see `azsim.speech.search.search.Search`."""
        until = self._outputs - 1 if output is None else output
        kept = sum(at <= until for at in self._at)
        labels, outputs = tuple(self._labels[:kept]), tuple(self._at[:kept])
        return (Hypothesis(labels, outputs, 1.0, until - outputs[-1] if outputs else until + 1),)

    def _turns(self) -> tuple[SearchTurn, ...]:
        """Once more at an output after each of its labels, but not after the last one it may have."""
        emitted = Counter(self._at)
        return tuple(
            SearchTurn(output, 1, int(turn < emitted[output]))
            for output in range(self._outputs)
            for turn in range(min(emitted[output] + 1, MAX_LABELS_PER_OUTPUT))
        )

    def _inputs(self) -> dict[str, np.ndarray]:
        networks, after = self._model.networks, np.concatenate(self._hidden)
        before = np.concatenate([np.zeros_like(after[:1]), after[:-1]])
        found = networks.inputs(np.array([BLANK, *self._labels]), before, after)
        joined = [np.zeros((0, networks.width), np.int8), *self._joined]
        return {**found, "joint.output": np.concatenate(joined)}


@njit(cache=True, nogil=True)
def _greedy(
    networks: Networks,
    states: States,
    place: int,
    unit: float,
    exps: np.ndarray,
    sentence_end: int,
    ended: bool,
    encoded: np.ndarray,
    labels: np.ndarray,
    at: np.ndarray,
    posteriors: np.ndarray,
    joined: np.ndarray,
    hidden: np.ndarray,
) -> tuple[int, int, int, bool]:
    """Search over ``encoded`` from the state at ``place``; the other one of the two places takes the next.

    Returns: how many labels and joint evaluations were written to the last five, where the state is now, and whether
    the sentence has ended.
    """
    logits = np.empty((1, networks.output.after.size), np.int32)
    now, then, label = np.array([place]), np.array([1 - place]), np.zeros(1, np.int64)
    emitted, evaluated = 0, 0
    for t in range(encoded.shape[0]):
        for _ in range(MAX_LABELS_PER_OUTPUT):
            join_batch(networks, encoded[t], states, now, 1, joined[evaluated : evaluated + 1], logits)
            evaluated += 1
            scores, best = logits[0], 0
            for each in range(1, scores.size):
                if scores[each] > scores[best]:
                    best = each
            ended = ended or best == sentence_end
            if best == BLANK or ended:
                break
            labels[emitted], at[emitted] = best, t
            posteriors[emitted] = -log_total(exps, scores, np.int64(scores[best]), unit)
            label[0] = best
            predict_batch(networks, states, now, label, then, 1)
            now, then = then, now
            hidden[emitted] = states.hidden[now[0]]
            emitted += 1
    return emitted, evaluated, now[0], ended
