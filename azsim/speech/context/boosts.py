"""Shallow fusion: a catalogue as a `Fusion` of the beam, whose states are made when they are first reached.

::

    state = (node of the automaton, threads of phrases)
    boost of a label = what is certain now + worth of the new state - worth of the old one
    at the end         what is pending       - worth of the state

The worth of a state is what a match so far would be, or what is pending in it, whichever is more. So a match that fails
takes back all that it was given, and a finished hypothesis has the boosts of the entries and phrases in it, each place
counted once; one inside another counts too.

**Source:** boosts of partial matches, cancelled along the failure: the context graph of k2's sherpa; before pruning:
arXiv:2102.07739.
"""

from __future__ import annotations

import numpy as np

from azsim.errors import InputError
from azsim.nn.rnnt.pieces import WORD_START, Pieces
from azsim.speech.context.automaton import ROOT, EntryAutomaton
from azsim.speech.context.catalogue import Catalogue
from azsim.speech.context.phrases import Phrases, Thread, elements_of

PER_LABEL = 0.5
"""Nats that each label of an entry is worth. **Source:** reports/context."""
State = tuple[int, frozenset[Thread]]
START: State = (ROOT, frozenset())


class Boosts:
    """A `azsim.speech.search.fusion.Fusion` of a catalogue; it may be used for any number of utterances.

    Args:
        catalogue: the names.
        pieces: of the recogniser.
        per_label: nats that each label is worth.

    Attributes:
        most: largest boost of a label that a match goes on with.

    Raises:
        InputError: a word cannot be spelled with the pieces.
    """

    def __init__(self, catalogue: Catalogue, pieces: Pieces, per_label: float = PER_LABEL) -> None:
        kinds: dict[tuple[int, ...], set[str]] = {}
        for entry in catalogue.entries:
            kinds.setdefault(spelled(entry.text, pieces, catalogue.source), set()).add(entry.kind)
        self._automaton = EntryAutomaton(list(kinds), [per_label * len(labels) for labels in kinds], per_label)
        words = {word for phrase in catalogue.phrases for word in phrase if not word.startswith("@")}
        known = {word: spelled(word, pieces, catalogue.source) for word in words}
        elements = tuple(elements_of(phrase, known) for phrase in catalogue.phrases)
        self._phrases = Phrases(elements, self._automaton, tuple(map(frozenset, kinds.values())), per_label)
        self.most = self._largest_step() + (per_label if elements else 0.0)
        self._begins = frozenset(n for n, piece in enumerate(pieces.strings) if piece.startswith(WORD_START))
        self._states: list[State] = [START]
        self._numbers: dict[State, int] = {START: 0}
        self._advanced: dict[tuple[int, int], tuple[int, float]] = {}
        self._favoured: dict[int, np.ndarray] = {}

    @property
    def nodes(self) -> int:
        """Of the automaton."""
        return len(self._automaton)

    def start(self) -> int:
        """The state before the first label."""
        return 0

    def advance(self, state: int, label: int) -> tuple[int, float]:
        """The state after a label, and the boost of that label."""
        known = self._advanced.get((state, label))
        if known is None:
            known = self._advanced[state, label] = self._advance(state, label)
        return known

    def favoured(self, state: int) -> np.ndarray:
        """Labels that a match goes on with, int64, in order."""
        known = self._favoured.get(state)
        if known is None:
            node, threads = self._states[state]
            wanted = set(self._phrases.expected(threads))
            while node != ROOT:
                wanted.update(self._automaton.arcs[node])
                node = self._automaton.failure[node]
            known = self._favoured[state] = np.array(sorted(wanted), np.int64)
        return known

    def finish(self, state: int) -> float:
        """What is taken back where speech ends in this state."""
        return self._pending(self._states[state]) - self._worth(self._states[state])

    def _largest_step(self) -> float:
        """Of all arcs of the automaton."""
        entries = self._automaton
        worth = [max(pair) for pair in zip(entries.partial, entries.pending, strict=True)]
        return max(worth[after] - worth[node] for node, arcs in enumerate(entries.arcs) for after in arcs.values())

    def _advance(self, number: int, label: int) -> tuple[int, float]:
        before = self._states[number]
        begins = label in self._begins
        after = self._automaton.step(before[0], label), self._phrases.step(before[1], label, begins)
        certain = self._pending(before) if begins else 0.0
        following = self._numbers.get(after)
        if following is None:
            following = self._numbers[after] = len(self._states)
            self._states.append(after)
        return following, certain + self._worth(after) - self._worth(before)

    def _pending(self, state: State) -> float:
        return self._automaton.pending[state[0]] + self._phrases.pending(state[1])

    def _worth(self, state: State) -> float:
        node, threads = state
        own = max(self._automaton.partial[node], self._automaton.pending[node])
        return own + max(self._phrases.partial(threads), self._phrases.pending(threads))


def spelled(text: str, pieces: Pieces, source: str) -> tuple[int, ...]:
    """The labels of a text's words.

    Raises:
        InputError: a letter is in none of the pieces.
    """
    labels = tuple(label for word in text.split() for label in pieces.spell(WORD_START + word))
    if pieces.decode(labels) != text:
        raise InputError(f"{source}: entry {text!r}: the recogniser's pieces cannot spell it")
    return labels
