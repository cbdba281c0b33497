"""A trigram of sentences, as an ARPA file that other recognisers read.

::

    P(w | u v) = (1 - b) count(u v w) / count(u v) + b P(w | v)     b = kinds / (count + kinds) of words after u v

Trigrams, bigrams and words are interpolated down to equal shares of all words; in the file, what was never seen is the
shorter history's probability times ``b``, which is the same number.

**Source:** I. Witten, T. Bell 1991, method C, interpolated as in S. Chen, J. Goodman 1998, sec. 2.4.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

ORDER = 3
START, END = "<s>", "</s>"
Words = tuple[str, ...]


@dataclass
class Trigram:
    """Counts of every history and what followed it; histories have 0 to 2 words."""

    after: dict[Words, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    @classmethod
    def of(cls, sentences: Iterable[Sequence[str]]) -> Trigram:
        """Count sentences, each from its start to its end."""
        model = cls()
        for sentence in sentences:
            words = (START, *sentence, END)
            for at in range(1, len(words)):
                for length in range(min(at, ORDER - 1) + 1):
                    model.after[words[at - length : at]][words[at]] += 1
        return model

    @property
    def vocabulary(self) -> list[str]:
        """All words that may follow, the end among them, sorted."""
        return sorted(self.after[()])

    def backoff(self, history: Words) -> float:
        """Share of the shorter history in what follows this one."""
        kinds = len(self.after[history])
        return kinds / (self.after[history].total() + kinds)

    def probability(self, word: str, history: Words) -> float:
        """Of a word after up to two others; a history that was never seen says nothing."""
        if history and history not in self.after:
            return self.probability(word, history[1:])
        shorter = self.probability(word, history[1:]) if history else 1 / len(self.after[()])
        share = self.backoff(history)
        own = self.after[history]
        return (1 - share) * own[word] / own.total() + share * shorter

    def arpa(self) -> str:
        """The text of an ARPA file, base-10 logarithms."""
        grams: list[list[str]] = [[f"-99 {START} {_log(self.backoff((START,)))}"], [], []]
        for history in sorted(self.after):
            for word in sorted(self.after[history]):
                gram = (*history, word)
                line = f"{_log(self.probability(word, history))} {' '.join(gram)}"
                line += f" {_log(self.backoff(gram))}" if len(gram) < ORDER and gram in self.after else ""
                grams[len(history)].append(line)
        counts = "\n".join(f"ngram {n}={len(lines)}" for n, lines in enumerate(grams, 1))
        bodies = "\n\n".join(f"\\{n}-grams:\n" + "\n".join(lines) for n, lines in enumerate(grams, 1))
        return f"\\data\\\n{counts}\n\n{bodies}\n\n\\end\\\n"


def _log(probability: float) -> str:
    return f"{math.log10(probability):.5f}"
