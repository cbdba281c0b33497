"""Words as rows of one small table: the word, its beginning, its end and its length, each hashed to a row.

::

    "lights" ──> "w:lights" "p:lig" "s:hts" "n:6" ──CRC-32──> rows 913, 77, 402, 18 of a table of 1,024

No vocabulary is stored: a word that training never saw still has its beginning and end. Row 0 stands for no word.

**Source:** hashed embeddings with prefix, suffix and shape as in spaCy's MultiHashEmbed (M. Honnibal et al.,
arXiv:2212.09255); hashing of features after Weinberger et al., arXiv:0902.2206.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

AFFIX_LETTERS = 3
FEATURES = 4
"""Rows of a word."""
NO_WORD = 0


@lru_cache(1 << 14)
def word_rows(word: str, rows: int) -> tuple[int, ...]:
    """The rows of one word, each 1 to ``rows - 1``."""
    named = (f"w:{word}", f"p:{word[:AFFIX_LETTERS]}", f"s:{word[-AFFIX_LETTERS:]}", f"n:{len(word)}")
    return tuple(1 + zlib.crc32(name.encode()) % (rows - 1) for name in named)


def rows_of(words: Sequence[str], rows: int, after: int = 0) -> np.ndarray:
    """The rows of a sentence, int64 ``(words + after, 4)``; ``after`` steps without a word stand behind it."""
    found = np.full((len(words) + after, FEATURES), NO_WORD, np.int64)
    for place, word in enumerate(words):
        found[place] = word_rows(word, rows)
    return found
