"""Requests with their meaning, of a grammar or of a labelled text, each in a part for training and a part held out.

::

    coffee, speaker: drawn; a digest of a sentence with slots says on which side it stands; half of the held-out ones
                     have names that training never sees
    text:            AZSIM_DATA/text/slurp_nlu.jsonl.gz, whole clusters of near-twins on one side
"""

from __future__ import annotations

import gzip
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np

from azsim.errors import InputError, located
from azsim.resources import data_folder
from azsim.speech.understanding.interpretation import OUTSIDE
from azsim.train.corpus.coffee import coffee_grammar
from azsim.train.corpus.commands import clusters
from azsim.train.corpus.grammar import Grammar
from azsim.train.corpus.heldout import oov_grammar, sentence_side
from azsim.train.corpus.speaker_domain import speaker_grammar
from azsim.train.corpus.tagged import (
    COFFEE_INTENT,
    COFFEE_SLOTS,
    SPEAKER_INTENTS,
    SPEAKER_SLOTS,
    TaggedSentence,
    coffee_request,
    speaker_request,
    tags_of,
)

TEXT_HELD_OUT = 5
"""Every so manieth cluster of a labelled text is held out."""


class Requests(ABC):
    """Requests of one domain.

    Attributes:
        intents: of all of them.
        slots: likewise.
    """

    intents: frozenset[str]
    slots: frozenset[str]

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> TaggedSentence:
        """A request for training."""

    @abstractmethod
    def held_out(self, rng: np.random.Generator, count: int) -> list[TaggedSentence]:
        """Requests that training never draws, at most ``count``."""


class DrawnRequests(Requests):
    """Requests of a grammar."""

    def __init__(
        self,
        make: Callable[[Grammar, np.random.Generator], TaggedSentence],
        grammar: Grammar,
        unheard: Grammar,
        intents: frozenset[str],
        slots: frozenset[str],
    ) -> None:
        self._make, self._grammar, self._unheard = make, grammar, unheard
        self.intents, self.slots = intents, slots

    def draw(self, rng: np.random.Generator) -> TaggedSentence:
        """A request on the side of training; one without slots is a fixed phrase, and stands there too."""
        while True:
            request = self._make(self._grammar, rng)
            if _is_fixed(request) or _side(request) == "train":
                return request

    def held_out(self, rng: np.random.Generator, count: int) -> list[TaggedSentence]:
        """Requests with slots, half with names that training knows, half with others where the domain has them."""
        return [self._held_out(rng, (self._grammar, self._unheard)[i % 2]) for i in range(count)]

    def _held_out(self, rng: np.random.Generator, grammar: Grammar) -> TaggedSentence:
        while True:
            request = self._make(grammar, rng)
            if not _is_fixed(request) and _side(request) == "test":
                return request


def _is_fixed(request: TaggedSentence) -> bool:
    return set(request.tags) == {OUTSIDE}


def _side(request: TaggedSentence) -> str:
    return sentence_side(" ".join(request.words))


class TextRequests(Requests):
    """Requests of a labelled text.

    Args:
        file: lines of JSON with ``text``, ``intent`` and ``entities`` (type, start, end in characters), gzipped.

    Raises:
        InputError: it is not readable, or entities overlap or touch no word.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        labelled = self._labelled
        self.intents = frozenset(request.intent for request in labelled.values())
        self.slots = frozenset(t[2:] for request in labelled.values() for t in request.tags if t.startswith("B-"))

    @cached_property
    def _labelled(self) -> dict[str, TaggedSentence]:
        try:
            lines = gzip.decompress(self._file.read_bytes()).decode().splitlines()
            records = [json.loads(line) for line in lines]
        except (OSError, EOFError, ValueError) as error:
            raise InputError(f"{self._file}: not a readable labelled text (JSON lines, gzipped): {error}") from error
        return {record["text"]: _request(record, f"{self._file}: line {n}") for n, record in enumerate(records, 1)}

    @cached_property
    def _sides(self) -> tuple[list[TaggedSentence], list[TaggedSentence]]:
        train, held_out = [], []
        for index, cluster in enumerate(clusters(self._labelled)):
            (held_out if index % TEXT_HELD_OUT == 0 else train).extend(self._labelled[text] for text in cluster)
        return train, held_out

    def draw(self, rng: np.random.Generator) -> TaggedSentence:
        """One of the training clusters' requests."""
        return self._sides[0][int(rng.integers(len(self._sides[0])))]

    def held_out(self, rng: np.random.Generator, count: int) -> list[TaggedSentence]:
        """Requests of held-out clusters, drawn without putting back."""
        own = self._sides[1]
        return [own[index] for index in rng.permutation(len(own))[:count]]


def _request(record: dict, where: str) -> TaggedSentence:
    """A record as a request; an entity is all the words that it touches."""
    try:
        text, intent, entities = record["text"], record["intent"], record["entities"]
        places = [match.span() for match in re.finditer(r"\S+", text)]
        touched = [(each["type"], each["start"], each["end"]) for each in entities]
        spans = [
            (kind, sum(end <= first for _, end in places), sum(start < last for start, _ in places))
            for kind, first, last in touched
        ]
    except (KeyError, TypeError) as error:
        raise InputError(f"{where}: must have text, intent, and entities with type, start, end ({error!r})") from error
    words = text.split()
    with located(where):
        tags = tags_of(words, spans)
    return TaggedSentence(tuple(words), intent, tags)


def _coffee() -> Requests:
    grammar = coffee_grammar()
    slots = frozenset(COFFEE_SLOTS.values())
    return DrawnRequests(coffee_request, grammar, grammar, frozenset({COFFEE_INTENT}), slots)


def _speaker() -> Requests:
    grammar = speaker_grammar()
    intents = frozenset(name for patterns in SPEAKER_INTENTS.values() for _, name in patterns)
    slots = frozenset(SPEAKER_SLOTS.values())
    return DrawnRequests(speaker_request, grammar, oov_grammar(grammar), intents, slots)


def _text() -> Requests:
    return TextRequests(data_folder("labelled text") / "text" / "slurp_nlu.jsonl.gz")


DOMAINS: dict[str, Callable[[], Requests]] = {"coffee": _coffee, "speaker": _speaker, "text": _text}
"""Domain -> what makes its requests."""
