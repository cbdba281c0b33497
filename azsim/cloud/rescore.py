"""Which words of a lattice were said, with a language model's opinion: over its best paths, or over the graph itself.

::

    score = what was heard + language x log P(language model) - internal x log P(recogniser's own) + word x words

Over the graph, hypotheses that come to a node with the same last words are one (the better goes on), and the best of
them go on; so more word sequences are looked at than any list of them holds.

**Source:** second pass over n-best lists: arXiv:1907.01677; the internal model's share: arXiv:2011.01991; merging by
the last words: as n-gram approximations of lattice rescoring do (Liu et al., "Efficient lattice rescoring using
recurrent neural network language models", 2014).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Protocol

from msgspec import Meta, Struct

from azsim.cloud.internal_model import InternalModel, InternalState
from azsim.errors import InputError
from azsim.speech.lattice.lattice import NOWHERE, Lattice
from azsim.speech.lattice.paths import paths
from azsim.toml import convert, read_toml

Factor = Annotated[float, Meta(ge=-20, le=20)]


class WordModel(Protocol):
    """A language model of whatever kind: `LanguageModel`, `DomainModel` or `MixedModel`; states are its own."""

    start: Any

    def word(self, state: Any, word: str) -> tuple[float, Any]:
        """Log-probability of a word after the state's, and the state after it."""
        ...

    def end(self, state: Any) -> float:
        """Log-probability that nothing follows."""
        ...


class RescoringWeights(Struct, frozen=True, forbid_unknown_fields=True):
    """How much each opinion counts beside what was heard, which counts 1.

    Attributes:
        language: of the language model's log-probability.
        internal: of the recogniser's own, which is taken away.
        word: added for each word.
        domain_share: of sentences that are taken to be of the known domains (`azsim.cloud.mixed_model`); 0: none.
    """

    language: Factor = 0.0
    internal: Factor = 0.0
    word: Factor = 0.0
    domain_share: Annotated[float, Meta(ge=0, lt=1)] = 0.0


WEIGHTS_FILE = "rescoring.toml"
"""Beside a language model: weights that were chosen for it and its recogniser."""


def read_weights(path: Path) -> RescoringWeights:
    """The weights in a file.

    Raises:
        InputError: it cannot be read, or holds something else.
    """
    return convert(read_toml(path), RescoringWeights, path)


@dataclass(frozen=True, slots=True)
class Opinion:
    """What both models say of some words, and where they are then.

    Attributes:
        words: so far.
        language, internal: log-probabilities.
        states: of the two models.
    """

    words: tuple[str, ...]
    language: float
    internal: float
    states: tuple[Any, InternalState | None]


@dataclass(frozen=True, slots=True)
class Scored:
    """A word sequence of a lattice with its parts, so that weights can be chosen without asking the models again.

    Attributes:
        words: in order.
        heard: the lattice's score.
        language: the language model's log-probability, the sentence's end included.
        internal: the recogniser's own.
    """

    words: tuple[str, ...]
    heard: float
    language: float
    internal: float

    def score(self, weights: RescoringWeights) -> float:
        """All of it together."""
        return (
            self.heard
            + weights.language * self.language
            - weights.internal * self.internal
            + weights.word * len(self.words)
        )


class Opinions:
    """Both models; a beginning of words is asked once, however many hypotheses share it."""

    def __init__(self, language: WordModel, internal: InternalModel | None) -> None:
        self._language, self._internal = language, internal
        self.start = Opinion((), 0.0, 0.0, (language.start, internal.start if internal else None))

    def after(self, opinion: Opinion, word: str) -> Opinion:
        """With a word more."""
        language, spoken = self._language.word(opinion.states[0], word)
        internal, own = 0.0, None
        if self._internal is not None:
            internal, own = self._internal.word(opinion.states[1], word)
        words = (*opinion.words, word)
        return Opinion(words, opinion.language + language, opinion.internal + internal, (spoken, own))

    def at_end(self, opinion: Opinion) -> float:
        """The language model's log-probability of the whole sentence."""
        return opinion.language + self._language.end(opinion.states[0])


class NBestReranker:
    """Scores the best paths of a lattice anew.

    Args:
        opinions: of the models.
        weights: how much they count.
        most: paths that are looked at.
    """

    def __init__(self, opinions: Opinions, weights: RescoringWeights, most: int = 50) -> None:
        self._opinions, self._weights, self._most = opinions, weights, most

    def best(self, lattice: Lattice) -> tuple[str, ...]:
        """The words that were said."""
        return max(self.scored(lattice), key=lambda one: one.score(self._weights)).words

    def scored(self, lattice: Lattice) -> Iterator[Scored]:
        """The paths with their parts, best heard first."""
        known = {(): self._opinions.start}
        for path in islice(paths(lattice), self._most):
            for length in range(1, len(path.words) + 1):
                begun = path.words[:length]
                if begun not in known:
                    known[begun] = self._opinions.after(known[begun[:-1]], begun[-1])
            opinion = known[path.words]
            yield Scored(path.words, path.score, self._opinions.at_end(opinion), opinion.internal)


@dataclass(frozen=True, slots=True)
class _Way:
    """A hypothesis at a node."""

    opinion: Opinion
    heard: float
    score: float


class LatticeReranker:
    """Searches a lattice with all three opinions.

    Args:
        opinions: of the models.
        weights: how much they count.
        beam: hypotheses that go on from a node.
        context: last words by which hypotheses are the same.

    Raises:
        InputError: a beam or context below 1.
    """

    def __init__(self, opinions: Opinions, weights: RescoringWeights, beam: int = 8, context: int = 4) -> None:
        if beam < 1 or context < 1:
            raise InputError(f"beam {beam}, context {context}: must be at least 1")
        self._opinions, self._weights, self._beam, self._context = opinions, weights, beam, context

    def best(self, lattice: Lattice) -> tuple[str, ...]:
        """The words that were said."""
        ahead: list[dict[tuple[str, ...], _Way]] = [{} for _ in range(lattice.nodes)]
        ahead[0][()] = _Way(self._opinions.start, 0.0, 0.0)
        heard, finals = lattice.scores(), lattice.finals()
        best: tuple[float, tuple[str, ...]] | None = None
        for node in range(lattice.nodes):
            going_on = sorted(ahead[node].values(), key=lambda way: -way.score)[: self._beam]
            ahead[node] = {}
            for way in going_on:
                if finals[node] > NOWHERE:
                    whole = way.score + float(finals[node]) + self._weights.language * (
                        self._opinions.at_end(way.opinion) - way.opinion.language
                    )
                    if best is None or whole > best[0]:
                        best = whole, way.opinion.words
                for edge in range(int(lattice.leaving[node]), int(lattice.leaving[node + 1])):
                    self._extend(ahead[int(lattice.targets[edge])], way, lattice.words[edge], float(heard[edge]))
        return best[1] if best else ()

    def _extend(self, there: dict[tuple[str, ...], _Way], way: _Way, word: str, heard: float) -> None:
        opinion = self._opinions.after(way.opinion, word)
        total = Scored(opinion.words, way.heard + heard, opinion.language, opinion.internal)
        reached = _Way(opinion, total.heard, total.score(self._weights))
        key = opinion.words[-self._context :]
        if key not in there or reached.score > there[key].score:
            there[key] = reached
