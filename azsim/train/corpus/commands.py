"""Commands of a text, one a line, split by clusters of near-twins, so that no held-out one has a twin in training.

::

    "turn the light on please" ─┐ one word apart
    "turn the lights on please" ┴─ one cluster ── digest of its first sentence ──> train, dev or test

Two sentences are twins if they hold the same words, or if leaving out one word of each (from three words on; two from
six words on) leaves the same. Split sentence by sentence, three in ten held-out ones would have a twin in training.

**Source:** our own; the neighbourhood by deletions after W. Garbe's symmetric delete spelling correction, on words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path

from azsim.errors import InputError
from azsim.train.corpus.heldout import sentence_side

SPOKEN = re.compile(r"[a-z' ]+")
MOST_WORDS = 12
TWIN_WORDS, LONG_WORDS = 3, 6
"""From so many words on, one word, or two, may differ between twins."""


def sentences(text: Path) -> list[str]:
    """The different sentences of a text that can be spoken as they are written: letters only, at most twelve words.

    Raises:
        InputError: it cannot be read, or holds none.
    """
    try:
        lines = text.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{text}: not a readable text: {error}") from error
    found = {" ".join(line.lower().split()) for line in lines}
    kept = sorted(s for s in found if SPOKEN.fullmatch(s) and len(s.split()) <= MOST_WORDS and s.strip("' "))
    if not kept:
        raise InputError(f"{text}: holds no line of at most {MOST_WORDS} words of letters a to z")
    return kept


def clusters(texts: Iterable[str]) -> list[list[str]]:
    """Sentences that are twins, or twins of twins, together; each cluster and all of them in order."""
    ordered = sorted(set(texts))
    parent = list(range(len(ordered)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    first: dict[tuple[str, ...], int] = {}
    for index, text in enumerate(ordered):
        for key in _neighbourhood(text.split()):
            parent[root(index)] = root(first.setdefault(key, index))
    found: dict[int, list[str]] = {}
    for index, text in enumerate(ordered):
        found.setdefault(root(index), []).append(text)
    return sorted(found.values())


def _neighbourhood(words: list[str]) -> set[tuple[str, ...]]:
    """What is left of a sentence without some words, and its words in order of the alphabet."""
    most = (len(words) >= TWIN_WORDS) + (len(words) >= LONG_WORDS)
    left = {("in any order", *sorted(words))}
    for count in range(most + 1):
        if count < len(words):
            left |= set(combinations(words, len(words) - count))
    return left


def commands_of(text: Path, side: str) -> list[str]:
    """The sentences of a text on one side, ``train``, ``dev`` or ``test``, whole clusters at a time."""
    return [s for cluster in clusters(sentences(text)) for s in cluster if sentence_side(cluster[0]) == side]
