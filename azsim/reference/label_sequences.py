"""Every label sequence of a short utterance with its exact probability: what a beam search is measured against.

::

    p(labels | outputs) = sum over all ways to deal the labels to the outputs, in order, at most so many to each,
                          of the product of p(label) at each and p(blank) where an output has room for more

Nothing is pruned, merged or cached; the prediction network and the joint run as graphs, label by label. The number of
sequences is exponential: a few labels, a few outputs.
"""

from __future__ import annotations

import numpy as np

from azsim.nn.graph.executor import Executor, Model
from azsim.nn.rnnt.graphs import IntegerRnntGraphs

BLANK = 0
NO_LABEL = -1


class LabelSequences:
    """All that may be said in an utterance.

    Args:
        graphs: of the network (`azsim.nn.rnnt.graphs.integer_rnnt_graphs`).
        logit_scale: of the joint's integer outputs.
        encoded: int16 ``(outputs, J)``.
        levels: most labels at one output.
        sentence_end: the label after which nothing follows, -1 for none.
    """

    def __init__(
        self,
        graphs: IntegerRnntGraphs,
        logit_scale: float,
        encoded: np.ndarray,
        levels: int,
        sentence_end: int = NO_LABEL,
    ) -> None:
        self._prediction, self._joint = Model.in_integers(graphs.prediction), Model.in_integers(graphs.joint)
        self._scale, self._encoded, self._levels, self._end = logit_scale, encoded, levels, sentence_end
        self._log_p: dict[tuple[int, ...], np.ndarray] = {}

    def log_p(self, history: tuple[int, ...]) -> np.ndarray:
        """Log-probability of each label after a history, at each output: float64 ``(outputs, V)``."""
        if history not in self._log_p:
            labels = np.array([BLANK, *history])
            predicted = Executor(self._prediction).push({"label": labels})["predicted"][-1]
            count = len(self._encoded)
            given = {"encoded": self._encoded, "predicted": np.repeat(predicted[None], count, axis=0)}
            logits = self._scale * Executor(self._joint).push(given)["logits"].astype(np.float64)
            largest = logits.max(axis=1, keepdims=True)
            self._log_p[history] = logits - largest - np.log(np.exp(logits - largest).sum(axis=1, keepdims=True))
        return self._log_p[history]

    def all(self) -> dict[tuple[int, ...], tuple[float, float]]:
        """Label sequence -> log-probability of all its alignments, and of the best one."""
        found: dict[tuple[int, ...], list[float]] = {}
        self._walk(0, 0, (), 0.0, found)
        return {labels: (float(np.logaddexp.reduce(ways)), max(ways)) for labels, ways in found.items()}

    def _walk(self, output: int, used: int, history: tuple[int, ...], score: float, found: dict) -> None:
        """Every alignment that goes on from here, one at a time."""
        if output == len(self._encoded):
            found.setdefault(history, []).append(score)
            return
        if history and history[-1] == self._end:
            self._walk(len(self._encoded), 0, history, score, found)
            return
        if used == self._levels:
            self._walk(output + 1, 0, history, score, found)
            return
        log_p = self.log_p(history)[output]
        self._walk(output + 1, 0, history, score + log_p[BLANK], found)
        for label in range(1, len(log_p)):
            self._walk(output, used + 1, (*history, label), score + log_p[label], found)
