"""What may have a say in a beam beside the recogniser: names of a user's contacts, a language model.

::

    entry in state s ──label──> advance(s, label) ──> next state, boost      added before anything is pruned
                     └──end────> finish(s) ──> what is taken back of a match that was not completed

A boost is a difference of log-probabilities. A match that fails takes back what its part was given: the boost of the
label that ends it is negative then.

**Source:** shallow fusion before pruning with boosts cancelled on failed matches: arXiv:2102.07739, the context graph
of k2's sherpa.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Fusion(Protocol):
    """A scorer whose states are whole numbers of its own; it must be a function of state and label alone.

    Attributes:
        most: boost that a favoured label may have: it is left out where even that would not keep it.
    """

    most: float

    def start(self) -> int:
        """The state before the first label."""

    def advance(self, state: int, label: int) -> tuple[int, float]:
        """The state after a label, and the boost of that label."""

    def favoured(self, state: int) -> Sequence[int]:
        """Labels that are to be looked at in this state however improbable the recogniser finds them."""

    def finish(self, state: int) -> float:
        """The boost of an end of speech in this state: 0, or less where a match is not complete."""
