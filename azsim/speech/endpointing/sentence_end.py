"""Whether the words so far are a whole sentence, letter by letter, as the chip computes it.

::

    "turn on the" + " lights" ──letters──> embedding ──> LSTM ──> 0.02 ... 0.91 after the last letter

It reads letters, not a recogniser's pieces, so that it goes with every recogniser. The network was trained by
``models/recipes/sentence_end.toml`` (`azsim.train.tasks.sentence_end`).

**Source:** an end-of-sentence state of the language model as a feature: Maas et al. 2017; a small network on the words
beside the acoustic one: Maas et al. 2018.
"""

from __future__ import annotations

import numpy as np

from azsim.nn.graph.executor import Executor, Model, Snapshot
from azsim.nn.graph.integer_graph import IntegerGraph

LETTERS, POSTERIOR = "letters", "posterior"
"""Input and output of the network."""
ALPHABET = " abcdefghijklmnopqrstuvwxyz'"
MOST_LETTERS = 400
"""Of a text; what comes after is not read, and no sentence is that long."""


def letters_of(text: str) -> np.ndarray:
    """A text as the network reads it, int64 ``(n,)``: a space before every word; what it has no letter for is left."""
    spelled = "".join(f" {word}" for word in text.lower().split())
    return np.array([ALPHABET.index(each) for each in spelled if each in ALPHABET][:MOST_LETTERS], np.int64)


class SentenceEnd:
    """The texts of one utterance through the network; what two have in common at their beginnings is read once.

    Args:
        model: the network, laid out in integers; it may be shared.
        integers: the network, for its grids.

    Attributes:
        letters_read: by the network so far.
    """

    def __init__(self, model: Model, integers: IntegerGraph) -> None:
        target = integers.grids[POSTERIOR]
        assert target is not None
        self._executor, self._target = Executor(model), target
        self._read: list[tuple[int, Snapshot, float]] = [(-1, self._executor.snapshot(), 0.0)]
        self.letters_read = 0

    def posterior(self, text: str) -> float:
        """That the text is a whole sentence, 0 to 1; 0 for none."""
        letters = letters_of(text).tolist()
        known = 0
        while known < len(letters) and known + 1 < len(self._read) and self._read[known + 1][0] == letters[known]:
            known += 1
        del self._read[known + 1 :]
        self._executor.restore(self._read[-1][1])
        for letter in letters[known:]:
            made = self._target.restore(self._executor.push({LETTERS: np.array([letter])})[POSTERIOR])
            self._read.append((letter, self._executor.snapshot(), float(made[0, 0])))
            self.letters_read += 1
        return self._read[-1][2]
