"""Who says what: the utterances of a corpus, each decided by its own seed.

An utterance depends on the corpus seed, its set and its number alone, so the
corpus is the same however many workers build it, and any piece can be rebuilt.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from azsim.train.corpus.coffee import coffee_grammar, draw_order
from azsim.train.corpus.grammar import Grammar
from azsim.train.corpus.heldout import UNSEEN_ESPEAK_VARIANTS, oov_grammar, sentence_side
from azsim.train.corpus.speaker_domain import speaker_grammar
from azsim.train.corpus.voices import Voice, draw_engine, draw_voice, kokoro_heldout, named_voice

COFFEE_SHARE = 0.35
MAX_DRAWS = 20_000


@dataclass(frozen=True)
class Subset:
    """One split of a corpus: which side its sentences stand on and whose voices speak.

    ``command_share`` of the sentences are of a text that was given, and
    Kokoro speaks ``kokoro_share`` of them, in a set of unseen voices by the one that is held out;
    ``max_words`` of 0 allows any length; ``name`` also seeds the draws; with
    ``oov_names`` every sentence has a name that training never hears, on any side.
    """

    name: str
    side: str
    unseen_voices: bool = False
    coffee_share: float = COFFEE_SHARE
    max_words: int = 0
    oov_names: bool = False
    command_share: float = 0.0
    kokoro_share: float = 0.0


@dataclass(frozen=True)
class PlannedUtterance:
    """A sentence, its voice, and the generator that decides the rest."""

    id: str
    split: str
    text: str
    domain: str
    voice: Voice
    rng: np.random.Generator


TRAIN = Subset("train", "train")
BROAD_TRAIN = Subset("train", "train", coffee_share=0.2, command_share=0.5)
EVALUATION = (
    (Subset("dev-seen", "dev"), 200),
    (Subset("dev-unseen", "dev", unseen_voices=True), 100),
    (Subset("test-oov", "test", coffee_share=0.0, oov_names=True), 100),
)

WIDE_EVALUATION = (
    (Subset("dev-command-seen", "dev", command_share=1.0), 150),
    (Subset("dev-command-unseen", "dev", unseen_voices=True, command_share=1.0), 150),
)
KOKORO_EVALUATION = ((Subset("dev-kokoro", "dev", unseen_voices=True, command_share=0.5, kokoro_share=1.0), 60),)


class Planner:
    """Draws the utterances of one subset of one corpus."""

    def __init__(self, seed: int, subset: Subset, commands: Sequence[str] = ()) -> None:
        self.subset = subset
        self._seed = [seed, zlib.crc32(subset.name.encode())]
        speaker = speaker_grammar()
        self._speaker: Grammar = oov_grammar(speaker) if subset.oov_names else speaker
        self._trained_words = speaker.vocabulary()
        self._coffee = coffee_grammar()
        self._commands = commands

    def utterance(self, index: int) -> PlannedUtterance:
        """The utterance of this number, the same on every call."""
        rng = np.random.default_rng([*self._seed, index])
        domain = "coffee" if rng.random() < self.subset.coffee_share else "speaker"
        if self._commands and rng.random() < self.subset.command_share:
            domain = "command"
        text = self.sentence(rng, domain)
        voice = self._voice(rng, index)
        return PlannedUtterance(f"{self.subset.name}-{index:06d}", self.subset.name, text, domain, voice, rng)

    def sentence(self, rng: np.random.Generator, domain: str) -> str:
        """A sentence of the subset's side, from ``speaker``, ``coffee`` or ``command``.

        Raises:
            ValueError: the domain has no sentence that the subset allows.
        """
        if domain == "command":
            return self._commands[int(rng.integers(len(self._commands)))]
        for _ in range(MAX_DRAWS):
            text = draw_order(self._coffee, rng) if domain == "coffee" else self._speaker.draw(rng)
            if self._allows(text):
                return text
        raise ValueError(f"{self.subset.name}: no {domain} sentence of at most {self.subset.max_words} words")

    def _allows(self, text: str) -> bool:
        words = text.split()
        if self.subset.max_words and len(words) > self.subset.max_words:
            return False
        if self.subset.oov_names:
            return not self._trained_words.issuperset(words)
        return sentence_side(text) == self.subset.side

    def _voice(self, rng: np.random.Generator, index: int) -> Voice:
        if self.subset.kokoro_share and rng.random() < self.subset.kokoro_share:
            return kokoro_heldout(rng) if self.subset.unseen_voices else draw_voice(rng, "kokoro")
        if not self.subset.unseen_voices:
            return draw_voice(rng, draw_engine(rng))
        if index % 13 in (0, 4, 8, 11):  # about 30 % ked
            return named_voice(rng, "festival", "ked_diphone")
        return named_voice(rng, "espeak", UNSEEN_ESPEAK_VARIANTS[index % len(UNSEEN_ESPEAK_VARIANTS)])
