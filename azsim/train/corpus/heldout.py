"""What training never sees, defined once: sentences, names and voices.

* Sentences: a digest of the text puts 5 % of all sentences on the test side and
  3 % on the dev side, whatever grammar or seed draws them.
* Names: the contacts, artists, titles and cities below are in no training grammar; of the names that a network is told
  in training, a digest keeps one in ten for tuning.
* Voices: festival's ``ked``, one of Kokoro's and sixteen espeak-ng variants; of people who say a wake word, three in
  ten by a digest of their names.
"""

from __future__ import annotations

import hashlib

from azsim.train.corpus import kokoro
from azsim.train.corpus.grammar import Grammar

TEST_PERCENT = 5
DEV_PERCENT = 3
TEST_SPEAKER_PERCENT = 30
TUNING_NAMES_PERCENT = 10

UNSEEN_SPEAKERS = frozenset({"ked", kokoro.HELD_OUT})
UNSEEN_ESPEAK_VARIANTS = (
    "f4", "m5", "adam", "Andrea", "belinda", "linda", "marcelo", "michel",
    "quincy", "shelby", "travis", "Hugo", "kaukovalta", "sandro", "victor", "anika",
)  # fmt: skip

OOV_RULES = {
    "contact": "agnes | bernard | celeste | dominic | eleanor | felix | greta | howard | ingrid | jasper",
    "artist": "the copper mountains | marble arcade | vivian holloway | the distant thunder | crimson avenue",
    "title": "lantern festival | whispering pines | cathedral bells | a thousand candles | fading photograph",
    "city": "lisbon | oslo | nairobi | toronto | helsinki",
}


def sentence_side(text: str) -> str:
    """``"train"``, ``"dev"`` or ``"test"``: the side on which a sentence stands for good."""
    bucket = _bucket(text)
    if bucket < TEST_PERCENT:
        return "test"
    return "dev" if bucket < TEST_PERCENT + DEV_PERCENT else "train"


def speaker_side(name: str) -> str:
    """``"train"`` or ``"test"``: the side on which the takes of one voice of a wake word stand for good."""
    return "test" if _bucket(name) < TEST_SPEAKER_PERCENT else "train"


def name_side(name: str) -> str:
    """``"train"`` or ``"tune"``: whether a network that is told names may hear this one in training."""
    return "tune" if _bucket(name) < TUNING_NAMES_PERCENT else "train"


def _bucket(text: str) -> int:
    """A number below 100 that a text alone decides."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % 100


def oov_grammar(grammar: Grammar) -> Grammar:
    """The smart-speaker grammar with held-out names in place of the trained ones."""
    return grammar.replacing(OOV_RULES)
