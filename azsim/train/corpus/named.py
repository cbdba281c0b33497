"""Sentences in which the names are known: to train, to tune and to measure what is told a user's names.

::

    grammar with @contact, @artist, @title, @city ──names of a side──> text, (class, name)... ──voice, scene──> features

    names-train      names of `name_lists` and of the grammar; names-tune: a tenth of them that training never says
    names-seen       names of the grammar, which the recogniser was trained with; names-unseen: those that are held out
    names-without    sentences without a name
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from azsim.spawned import spread
from azsim.speech.features import log_mel
from azsim.train.corpus.build import describe
from azsim.train.corpus.coffee import coffee_grammar, draw_order
from azsim.train.corpus.heldout import OOV_RULES, UNSEEN_ESPEAK_VARIANTS, name_side, sentence_side
from azsim.train.corpus.name_lists import NAMERS
from azsim.train.corpus.plan import PlannedUtterance
from azsim.train.corpus.scene import USUAL, NoisePool, make_pool, render
from azsim.train.corpus.speaker_domain import speaker_grammar
from azsim.train.corpus.store import Entry
from azsim.train.corpus.synth import speak
from azsim.train.corpus.voices import draw_engine, draw_voice, named_voice

BATCH = 100
NAME_CLASSES = tuple(NAMERS)
COFFEE_SHARE = 0.3
"""Of the sentences without a name."""
GRAMMAR_SHARE = 0.2
"""Of the names of training that are the grammar's."""
MEASURING_POOL = 0x6E616D65
Name = tuple[str, str]
"""Class and name."""


@dataclass(frozen=True)
class NamedSet:
    """One split.

    Attributes:
        name: of the split; it also seeds the draws.
        side: of its sentences (`azsim.train.corpus.heldout.sentence_side`).
        names: ``train``, ``tune``, ``grammar`` or ``held-out``.
        share: of the sentences, those with a name.
        unseen_voices: half of the voices are such as training never hears.
    """

    name: str
    side: str
    names: str
    share: float
    unseen_voices: bool


TRAINING = NamedSet("names-train", "train", "train", 0.7, False)
TUNING = NamedSet("names-tune", "train", "tune", 0.67, False)
MEASURED = (
    NamedSet("names-seen", "test", "grammar", 1.0, True),
    NamedSet("names-unseen", "test", "held-out", 1.0, True),
    NamedSet("names-without", "test", "grammar", 0.0, True),
)


class NamedPlanner:
    """Draws the utterances of one split; each depends on seed, split and number alone."""

    def __init__(self, seed: int, chosen: NamedSet) -> None:
        self.chosen = chosen
        self._seed = [seed, zlib.crc32(chosen.name.encode())]
        self._own = speaker_grammar()
        self._marked = self._own.replacing({each: f"@{each}" for each in NAME_CLASSES})
        self._held_out = self._own.replacing(OOV_RULES)
        self._coffee = coffee_grammar()

    def utterance(self, index: int) -> tuple[PlannedUtterance, tuple[Name, ...]]:
        """The utterance of this number, and the names in it in the order spoken."""
        rng = np.random.default_rng([*self._seed, index])
        text, names = self._with_name(rng) if rng.random() < self.chosen.share else (self._without(rng), ())
        own = self.chosen.name
        if not self.chosen.unseen_voices or index % 2:
            voice = draw_voice(rng, draw_engine(rng))
        elif index % 6 == 0:
            voice = named_voice(rng, "festival", "ked_diphone")
        else:
            voice = named_voice(rng, "espeak", UNSEEN_ESPEAK_VARIANTS[index // 2 % len(UNSEEN_ESPEAK_VARIANTS)])
        domain = "speaker" if names else "other"
        return PlannedUtterance(f"{own}-{index:06d}", own, text, domain, voice, rng), names

    def name(self, rng: np.random.Generator, kind: str) -> str:
        """A name of a class, on the split's side."""
        names = self.chosen.names
        if names == "held-out":
            return self._held_out.draw(rng, kind)
        if names == "grammar" or (names == "train" and rng.random() < GRAMMAR_SHARE):
            return self._own.draw(rng, kind)
        while True:
            name = NAMERS[kind](rng)
            if name_side(name) == names and name not in self._held_out.alternatives(kind):
                return name

    def _with_name(self, rng: np.random.Generator) -> tuple[str, tuple[Name, ...]]:
        while True:
            marked = self._marked.draw(rng).split()
            names = [(word[1:], self.name(rng, word[1:])) for word in marked if word.startswith("@")]
            spoken = iter(names)
            text = " ".join(next(spoken)[1] if word.startswith("@") else word for word in marked)
            if names and self._is_own(text):
                return text, tuple(names)

    def _without(self, rng: np.random.Generator) -> str:
        while True:
            is_order = rng.random() < COFFEE_SHARE
            text = draw_order(self._coffee, rng) if is_order else self._marked.draw(rng)
            if "@" not in text and sentence_side(text) == self.chosen.side:
                return text

    def _is_own(self, text: str) -> bool:
        return self.chosen.names in ("tune", "held-out") or sentence_side(text) == self.chosen.side


def named_items(
    chosen: NamedSet, count: int, seed: int, workers: int, first: int = 0
) -> Iterator[tuple[Entry, np.ndarray]]:
    """Index entries, with the names of each, and features ``(frames, 64)``: ``count`` of a split from ``first`` on."""
    pool = make_pool(seed if chosen.names == "train" else seed ^ MEASURING_POOL)
    end = first + count
    batches = ((seed, chosen, begin, min(BATCH, end - begin)) for begin in range(first, end, BATCH))
    for rendered in spread(partial(_render, pool=pool), batches, workers):
        yield from rendered


def names_of(entry: Entry) -> tuple[Name, ...]:
    """The names of an index entry."""
    stored = str(entry["names"])
    return tuple((kind, name) for kind, _, name in (each.partition("=") for each in stored.split("|") if each))


def _render(batch: tuple[int, NamedSet, int, int], pool: NoisePool) -> list[tuple[Entry, np.ndarray]]:
    seed, chosen, first, count = batch
    planner = NamedPlanner(seed, chosen)
    planned = [planner.utterance(index) for index in range(first, first + count)]
    sounds = speak([(utterance.voice, utterance.text) for utterance, _ in planned])
    rendered = []
    for (utterance, names), sound in zip(planned, sounds, strict=True):
        scene = render(sound, USUAL, pool, utterance.rng)
        stored = "|".join(f"{kind}={name}" for kind, name in names)
        entry = describe(utterance, scene) | {"names": stored}
        rendered.append((entry, log_mel(scene.samples).astype(np.float16)))
    return rendered
