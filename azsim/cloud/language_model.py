"""Probability of words after words: the cloud's language model, run piece by piece in float on the server.

::

    state ──word──> its pieces ──graph──> log-probability of the word, and the state after it

A state holds what the graph carries and the distribution of the next piece, so that hypotheses that share a beginning
share its cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

import numpy as np

from azsim.compress.stored import load_network
from azsim.errors import InputError
from azsim.nn.graph.executor import Executor, Model, Snapshot
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.rnnt.pieces import BLANK, Pieces

LANGUAGE_MODEL = "language-model"
"""The shipped one."""
PIECES_KEY = "pieces"
_NOT_SPELLED = -20.0
"""Log-probability of a word that no piece spells."""


@dataclass(frozen=True, slots=True)
class LanguageState:
    """After some words.

    Attributes:
        snapshot: what the graph carries.
        following: log-probability of every piece that may be next, float64 ``(pieces,)``; piece 0 ends the sentence.
    """

    snapshot: Snapshot
    following: np.ndarray


class LanguageModel:
    """A graph from a piece to the logits of the next one; threads may share it, and take turns.

    Args:
        network: whose card says what the pieces are.

    Raises:
        InputError: it is no language model.
    """

    def __init__(self, network: GraphNetwork) -> None:
        stated = network.card.get(PIECES_KEY)
        graph = network.graph
        if not isinstance(stated, str) or len(graph.inputs) != 1 or len(graph.outputs) != 1:
            raise InputError(f"{network.source}: no language model: its card must name its pieces")
        self.pieces = Pieces(tuple(stated.split(" ")))
        (self._input,), (self._output,) = graph.inputs, graph.outputs
        if graph.tensors[self._output].shape != (len(self.pieces),):
            raise InputError(f"{network.source}: no language model: must have a logit for each of its pieces")
        self._executor, self._turn = Executor(Model.in_float(graph)), Lock()
        self.start = self._pushed(self._executor.snapshot(), [BLANK])[1]
        """The state before the first word."""

    @staticmethod
    def load(name: str = LANGUAGE_MODEL) -> LanguageModel:
        """The model of that name, or in the file at that path.

        Raises:
            InputError: there is none, or it is another kind of network.
        """
        network = load_network(name)
        if not isinstance(network, GraphNetwork):
            raise InputError(f"{name}: a recogniser; a language model is needed")
        return LanguageModel(network)

    def word(self, state: LanguageState, word: str) -> tuple[float, LanguageState]:
        """Log-probability of a word after the state's, and the state after it."""
        labels = self.pieces.encode(word)
        if not labels:
            return _NOT_SPELLED, state
        first = float(state.following[labels[0]])
        following, after = self._pushed(state.snapshot, labels)
        inner = sum(float(following[place, label]) for place, label in enumerate(labels[1:]))
        return first + inner, after

    def end(self, state: LanguageState) -> float:
        """Log-probability that nothing follows."""
        return float(state.following[BLANK])

    def sentence(self, words: list[str] | tuple[str, ...]) -> float:
        """Log-probability of a whole sentence, its end included."""
        state, total = self.start, 0.0
        for each in words:
            score, state = self.word(state, each)
            total += score
        return total + self.end(state)

    def _pushed(self, snapshot: Snapshot, labels: list[int]) -> tuple[np.ndarray, LanguageState]:
        """Log-probabilities after each of the pieces, float64 ``(labels, pieces)``, and the state after the last."""
        with self._turn:
            self._executor.restore(snapshot)
            logits = self._executor.push({self._input: np.array(labels, np.int64)})[self._output].astype(np.float64)
            after = self._executor.snapshot()
        logits -= logits.max(axis=1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return logits, LanguageState(after, logits[-1])
