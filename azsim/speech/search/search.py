"""What a search takes and gives, whichever it is.

::

    encoder outputs ──advance──> Search ──found──> best labels, with their times, posteriors and the work they took
                                        └─hypotheses──> everything that is still held possible

A search is asked output by output and never looks ahead, so that what it holds possible can be asked at any time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from azsim.nn.rnnt.integer_rnnt import IntegerModel
from azsim.speech.lattice.labels import LabelGraph

BLANK = 0
MAX_LABELS_PER_OUTPUT = 4


@dataclass(frozen=True, slots=True)
class SearchTurn:
    """One turn of a search: the joint asked for some hypotheses at once, then the prediction network for some.

    Attributes:
        output: index of the encoder output.
        joint: hypotheses for which the joint was asked, 1 or more.
        prediction: label histories for which the prediction network ran afterwards, 0 or more.
    """

    output: int
    joint: int
    prediction: int


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One thing that may have been said.

    Attributes:
        labels: emitted so far.
        outputs: index of the encoder output at which each was emitted.
        probability: of this one among those that are still possible, 0 to 1.
        trailing_outputs: encoder outputs since the last label, or since the start without one.
    """

    labels: tuple[int, ...]
    outputs: tuple[int, ...]
    probability: float
    trailing_outputs: int


@dataclass(frozen=True)
class Found:
    """What a search found so far.

    Attributes:
        labels: the labels emitted.
        outputs: index of the encoder output at which each was emitted.
        probabilities: posterior probability of each label where it was emitted, 0 to 1.
        inputs: int8 ``(invocations, columns)`` per matrix of the prediction network and the joint, in order of
            execution; the first row of the prediction network's is the start of the utterance.
        turns: what was asked of the networks after that start, in order.
        graph: what else may have been said, of a search that keeps it.
    """

    labels: tuple[int, ...]
    outputs: tuple[int, ...]
    probabilities: tuple[float, ...]
    inputs: dict[str, np.ndarray]
    turns: tuple[SearchTurn, ...] = ()
    graph: LabelGraph | None = None


class Search(Protocol):
    """A search over the encoder outputs of one utterance."""

    def advance(self, encoded: np.ndarray) -> None:
        """Take the next encoder outputs, int16 ``(m, J)``."""

    def found(self) -> Found:
        """The best labels over all outputs taken."""

    def graph(self) -> LabelGraph | None:
        """What else may have been said in all outputs taken; None of a search that does not keep it."""

    def hypotheses(self, output: int | None = None) -> tuple[Hypothesis, ...]:
        """What was held possible after an output (the latest if None), most probable first."""


SearchMaker = Callable[[IntegerModel], Search]
