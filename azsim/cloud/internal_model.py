"""What a recogniser believes of words without hearing anything: its internal language model, to be taken out again.

::

    joint(encoder = 0, prediction network after the words) ──> softmax over all labels but the blank

A transducer learns the text that it is trained on besides the sounds. Where another model says which words are
probable, its own opinion would count twice, or against it.

**Source:** the encoder's output replaced by zeros: Variani et al., "Hybrid autoregressive transducer"
(arXiv:2003.07705), Meng et al., "Internal language model estimation" (arXiv:2011.01991).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.nn.rnnt.float_rnnt import FloatTransducer
from azsim.nn.rnnt.network import NO_LABEL, Network
from azsim.nn.rnnt.pieces import BLANK, Pieces

States = list[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, slots=True)
class InternalState:
    """After some words: the prediction network's layers, and the log-probability of every label that may be next."""

    layers: States
    following: np.ndarray


class InternalModel:
    """The prediction and joint networks of a recogniser in float.

    Args:
        network: the recogniser.
    """

    def __init__(self, network: Network) -> None:
        self._transducer = FloatTransducer(network)
        self._weights = {name: np.asarray(value, np.float32) for name, value in network.parameters.items()}
        self._unspoken = [BLANK] if network.sentence_end == NO_LABEL else [BLANK, network.sentence_end]
        self._pieces = Pieces(tuple(network.pieces))
        self._end = network.sentence_end
        sizes = [self._weights[f"prediction.{i}.recurrent"].shape[1] for i in range(network.layers("prediction"))]
        zeros = [(np.zeros((1, size), np.float32), np.zeros((1, size), np.float32)) for size in sizes]
        self.start = self._after(zeros, BLANK)
        """The state before the first word."""

    def word(self, state: InternalState, word: str) -> tuple[float, InternalState]:
        """Log-probability of a word after the state's, and the state after it."""
        total = 0.0
        for label in self._pieces.encode(word):
            if label == self._end:
                break
            total += float(state.following[label])
            state = self._after(state.layers, label)
        return total, state

    def _after(self, layers: States, label: int) -> InternalState:
        predicted, after = self._transducer.predict(np.array([label]), layers)
        weights = self._weights
        joint = np.tanh(predicted[0] + weights["joint.bias"])
        logits = (joint @ weights["joint.output"].T + weights["joint.output_bias"]).astype(np.float64)
        logits[self._unspoken] = -np.inf
        logits -= logits.max()
        return InternalState(after, logits - np.log(np.exp(logits).sum()))
