"""Sentences of known domains as a weighted automaton: the probability of a word after others, exactly.

::

    0 ──turn 0.2──> 3 ──on 0.5──> 7 ──the 1──> ...        a state is all that a beginning of words may have come to
      ──set 0.1───> 4 ──a 0.6──> ...

A neural model that never saw a sentence of a small domain takes it for improbable, as if it had been left out on
purpose. A grammar's own probabilities know no single sentence.

**Source:** prefix probabilities by the forward algorithm (Rabiner 1989); automata of grammars in second passes: Mohri,
Pereira and Riley, "Weighted finite-state transducers in speech recognition", 2002.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from azsim.errors import InputError
from azsim.input_file import read_input_file

DOMAIN_FILE = "grammars.json"
"""Beside a language model."""
NEVER = -math.inf
_SLACK = 1e-6
"""By which probabilities that leave a state may differ from 1."""


class Automaton(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arcs in order of their sources; each leads to a state of a higher number, and state 0 is the start.

    Attributes:
        words: the vocabulary.
        sources, targets, labels: of each arc; a label is the number of its word.
        probabilities: of each arc, and with ``ends`` they add up to 1 at every state.
        ends: probability that nothing follows, of each state.
    """

    words: tuple[str, ...]
    sources: tuple[int, ...]
    targets: tuple[int, ...]
    labels: tuple[int, ...]
    probabilities: tuple[float, ...]
    ends: tuple[float, ...]

    def check(self) -> None:
        """Refuse what is no automaton.

        Raises:
            InputError: it is none.
        """
        arcs, states = len(self.sources), len(self.ends)
        if {len(self.targets), len(self.labels), len(self.probabilities)} != {arcs} or not states:
            raise InputError("automaton: sources, targets, labels and probabilities must be as many, and states some")
        leaving = list(self.ends)
        for source, target, label, probability in zip(self.sources, self.targets, self.labels, self.probabilities):
            if not 0 <= source < target < states:
                raise InputError(f"automaton: an arc from {source} to {target}: must lead on, below {states}")
            if not 0 <= label < len(self.words):
                raise InputError(f"automaton: label {label}: must be below {len(self.words)}")
            if not 0 < probability <= 1 + _SLACK:
                raise InputError(f"automaton: probability {probability}: must be above 0, at most 1")
            leaving[source] += probability
        for state, total in enumerate(leaving):
            if not abs(total - 1) <= _SLACK or not self.ends[state] >= 0:
                raise InputError(f"automaton: state {state}: its probabilities add up to {total}: must be 1")


@dataclass(frozen=True, slots=True)
class DomainState:
    """After some words: states -> probability of the words and of having come there; none after unknown words."""

    reached: Mapping[int, float]

    @property
    def total(self) -> float:
        """Log-probability that a sentence begins with these words."""
        together = sum(self.reached.values())
        return math.log(together) if together > 0 else NEVER


class DomainModel:
    """An automaton, asked word by word.

    Args:
        automaton: checked here.

    Raises:
        InputError: it is none.
    """

    def __init__(self, automaton: Automaton) -> None:
        automaton.check()
        self._ends = automaton.ends
        self._leaving: list[dict[str, list[tuple[int, float]]]] = [{} for _ in automaton.ends]
        for source, target, label, probability in zip(
            automaton.sources, automaton.targets, automaton.labels, automaton.probabilities
        ):
            self._leaving[source].setdefault(automaton.words[label], []).append((target, probability))
        self.start = DomainState({0: 1.0})
        """The state before the first word."""

    @staticmethod
    def read(path: Path) -> DomainModel:
        """The automaton in a file.

        Raises:
            InputError: it cannot be read, or holds something else.
        """
        data = read_input_file(path, "an automaton in JSON")
        try:
            return DomainModel(msgspec.json.decode(data, type=Automaton))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: no automaton: {error}") from None
        except InputError as error:
            raise InputError(f"{path}: {error}") from None

    def word(self, state: DomainState, word: str) -> tuple[float, DomainState]:
        """Log-probability of a word after the state's, and the state after it."""
        reached: dict[int, float] = {}
        for place, so_far in state.reached.items():
            for target, probability in self._leaving[place].get(word, ()):
                reached[target] = reached.get(target, 0.0) + so_far * probability
        after = DomainState(reached)
        return (after.total - state.total if reached else NEVER), after

    def end(self, state: DomainState) -> float:
        """Log-probability that nothing follows."""
        ended = sum(so_far * self._ends[place] for place, so_far in state.reached.items())
        return math.log(ended) - state.total if ended > 0 else NEVER

    def sentence(self, words: list[str] | tuple[str, ...]) -> float:
        """Log-probability of a whole sentence; `NEVER` of one that is none of the domains'."""
        state = self.start
        for each in words:
            _, state = self.word(state, each)
        return state.total + self.end(state) if state.reached else NEVER
