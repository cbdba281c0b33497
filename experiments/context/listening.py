"""The search over encoder outputs with and without names: words, lattices, and which names came through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from azsim.nn.rnnt.integer_rnnt import IntegerModel
from azsim.nn.rnnt.pieces import Pieces, normalise
from azsim.nn.rnnt.told import told_views
from azsim.report.wer import count_errors
from azsim.speech.context.attention import AttentionNetwork
from azsim.speech.context.boosts import Boosts
from azsim.speech.context.names import AUDIO, SAID
from azsim.speech.lattice.lattice import Lattice
from azsim.speech.lattice.of_labels import word_lattice
from azsim.speech.lattice.paths import oracle
from azsim.speech.search.choice import SearchChoice
from experiments.context.material import NamedSpeech

SEARCH = SearchChoice("beam")


@dataclass(frozen=True)
class NamesHeard:
    """What came of a set.

    Attributes:
        words: of the references; ``errors``, ``oracle_errors``: of the best path and of the nearest one.
        names: spoken; ``missed``: those that the best path has not; ``in_lattice``: those that some path has.
    """

    words: int
    errors: int
    oracle_errors: int
    names: int
    missed: int
    in_lattice: int

    @property
    def wer_percent(self) -> float:
        """Of the best path."""
        return 100 * self.errors / max(self.words, 1)

    @property
    def oracle_percent(self) -> float:
        """Of the nearest path."""
        return 100 * self.oracle_errors / max(self.words, 1)

    @property
    def name_error_percent(self) -> float:
        """Names that the best path has not."""
        return 100 * self.missed / max(self.names, 1)

    @property
    def in_lattice_percent(self) -> float:
        """Names that some path has."""
        return 100 * self.in_lattice / max(self.names, 1)


def hear(
    model: IntegerModel,
    pieces: Pieces,
    said: Sequence[NamedSpeech],
    boosts: Boosts | None = None,
    attention: AttentionNetwork | None = None,
) -> NamesHeard:
    """A set through the device's beam."""
    told = None if attention is None else attention.told(AUDIO)
    if attention is not None:
        model = replace(model, networks=model.networks._replace(told=attention.told(SAID)))
    counts = np.zeros(6, np.int64)
    for one in said:
        search = SEARCH.maker(boosts)(model)
        search.advance(one.encoded if told is None else told_views(told, one.encoded))
        found = search.found()
        text = pieces.decode(found.labels)
        lattice = word_lattice("u", found.graph, pieces.strings, lambda output: 60 * output, pieces.sentence_end)
        words = normalise(one.text).split()
        missed = sum(not _has(text.split(), name.split()) for _, name in one.names)
        there = sum(in_lattice(lattice, tuple(name.split())) for _, name in one.names)
        errors = int(count_errors([one.text], [text])[0, 0])
        nearest, _ = oracle(lattice, words, lattice.words)
        counts += (len(words), errors, nearest, len(one.names), missed, there)
    return NamesHeard(*counts.tolist())


def in_lattice(lattice: Lattice, words: tuple[str, ...]) -> bool:
    """Whether some path has these words after one another."""
    nodes = set(range(lattice.nodes))
    for word in words:
        edges = zip(lattice.sources.tolist(), lattice.targets.tolist(), lattice.words, strict=True)
        nodes = {target for source, target, own in edges if own == word and source in nodes}
    return bool(nodes)


def _has(words: list[str], name: list[str]) -> bool:
    return any(words[at : at + len(name)] == name for at in range(len(words) - len(name) + 1))
