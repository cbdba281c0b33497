"""Utterances whose names are known, as encoder outputs, and the catalogues that they are heard with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from azsim.nn.rnnt.network import Network
from azsim.speech.context.catalogue import Catalogue, Entry
from azsim.train.corpus.name_lists import NAMERS
from azsim.train.corpus.named import Name, names_of
from azsim.train.encoded import encoded_of

SETS = ("names-seen", "names-unseen", "names-without")
TUNING = "names-tune"
SEED = 90


@dataclass(frozen=True)
class NamedSpeech:
    """One utterance.

    Attributes:
        text: its words.
        names: in it, in the order spoken.
        encoded: int16 ``(n, J)``, from its start to its end.
        bounds: of the speech, in outputs.
    """

    text: str
    names: tuple[Name, ...]
    encoded: np.ndarray
    bounds: tuple[float, float]


def utterances(corpus: Path, network: Network, split: str, count: int) -> list[NamedSpeech]:
    """The first so many of a split of a corpus (`azsim.train.corpus.named`).

    Raises:
        InputError: the corpus is not there.
    """
    encoded = encoded_of(corpus / "names-eval", network)
    found = []
    for index, entry in enumerate(encoded.entries):
        if entry["split"] == split and len(found) < count:
            own = np.array(encoded.outputs[encoded.firsts[index] : encoded.firsts[index + 1]])
            bounds = tuple(int(entry[f"speech_{side}_ms"]) / 60 for side in ("start", "end"))
            found.append(NamedSpeech(str(entry["text"]), names_of(entry), own, bounds))
    return found


def catalogue_of(said: Sequence[NamedSpeech], size: int, seed: int = SEED) -> Catalogue:
    """All names of utterances, and others up to a size."""
    rng, kinds = np.random.default_rng(seed), list(NAMERS)
    entries = dict.fromkeys(Entry(name, kind) for one in said for kind, name in one.names)
    while len({entry.text for entry in entries}) < size:
        kind = kinds[int(rng.integers(len(kinds)))]
        entries.setdefault(Entry(NAMERS[kind](rng), kind))
    return Catalogue(tuple(sorted(entries)), source="the report's catalogue")


def small_catalogue(one: NamedSpeech, size: int, seed: int) -> Catalogue:
    """The names of one utterance, and others up to a size."""
    return catalogue_of([one], size, seed)
