"""Word pieces: text to label numbers and back, from the strings that a network keeps.

::

    "turn it off" ──> ▁turn ▁it ▁of f ──> 37 12 80 154

The strings stand in order of merging, so encoding needs nothing else; it equals sentencepiece's own (a test compares
them). A last piece ``</s>``, where there is one, is the label that every sentence ends in.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from azsim.errors import InputError
from azsim.nn.rnnt.network import NO_LABEL, SENTENCE_END

BLANK = 0
BLANK_PIECE = "<blank>"
WORD_START = "▁"


def normalise(text: str) -> str:
    """Lower-case words of letters and apostrophes, single spaces between them."""
    return " ".join(re.sub(r"[^a-z' ]+", " ", text.lower()).split())


@dataclass(frozen=True)
class Pieces:
    """The label set of a recogniser; label 0 is the blank.

    Attributes:
        strings: one string per label, in order of merging, blank first.
    """

    strings: tuple[str, ...]
    _ids: dict[str, int] = field(init=False, repr=False, compare=False)
    _words: dict[str, tuple[int, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.strings or self.strings[BLANK] != BLANK_PIECE:
            raise InputError(f"pieces: first piece must be {BLANK_PIECE!r}")
        ids = {piece: index for index, piece in enumerate(self.strings) if index != BLANK}
        object.__setattr__(self, "_ids", ids)
        object.__setattr__(self, "_words", {})

    def __len__(self) -> int:
        return len(self.strings)

    @property
    def sentence_end(self) -> int:
        """The label that ends a sentence, ``NO_LABEL`` where there is none."""
        return self._ids.get(SENTENCE_END, NO_LABEL)

    def with_sentence_end(self) -> Pieces:
        """The same pieces and one more, that ends a sentence; what has it already stays as it is."""
        return self if SENTENCE_END in self._ids else Pieces((*self.strings, SENTENCE_END))

    def encode(self, text: str) -> list[int]:
        """Labels of a sentence, its end included where there is one; characters that no piece holds are left out."""
        labels = [label for word in normalise(text).split() for label in self._word(word)]
        return labels if self.sentence_end == NO_LABEL else [*labels, self.sentence_end]

    def decode(self, labels: Iterable[int]) -> str:
        """The sentence that labels spell; blanks and the sentence's end are skipped."""
        unspoken = (BLANK, self.sentence_end)
        joined = "".join(self.strings[label] for label in labels if label not in unspoken)
        return " ".join(joined.replace(WORD_START, " ").split())

    def _word(self, word: str) -> tuple[int, ...]:
        known = self._words.get(word)
        if known is None:
            known = self._words[word] = self.spell(WORD_START + word)
        return known

    def spell(self, piece: str) -> tuple[int, ...]:
        """Labels of a word or a part of one: the neighbours merged earliest in training join, until none is left."""
        parts = [c for c in piece if c in self._ids]
        while len(parts) > 1:
            joined = [self._ids.get(a + b, len(self)) for a, b in itertools.pairwise(parts)]
            best = min(joined)
            if best == len(self):
                break
            at = joined.index(best)
            parts[at : at + 2] = [self.strings[best]]
        return tuple(self._ids[part] for part in parts)
