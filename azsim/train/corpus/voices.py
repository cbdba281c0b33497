"""Who speaks: the voices of the synthesis engines and how each is varied.

A *voice* is a human speaker across engines: ``slt`` is one whether flite or
festival speaks it, and so is ``kal``. An espeak-ng voice is a variant with an
accent; the variant is the speaker.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.train.corpus import kokoro
from azsim.train.corpus.heldout import UNSEEN_ESPEAK_VARIANTS, UNSEEN_SPEAKERS

ESPEAK_ACCENTS = (
    "en-us", "en-gb", "en-gb-scotland", "en-gb-x-gbclan",
    "en-gb-x-rp", "en-gb-x-gbcwmd", "en-029", "en-us-nyc",
)  # fmt: skip
ACCENT_SHARE = (0.3, 0.14, 0.1, 0.08, 0.12, 0.08, 0.08, 0.1)
ESPEAK_TRAIN_VARIANTS = (
    "f1", "f2", "f3", "f5", "m1", "m2", "m3", "m4", "m6", "m7", "m8", "klatt", "klatt2", "klatt3",
    "klatt4", "Alex", "Alicia", "Andy", "Annie", "Denis", "Diogo", "Gene", "Gene2", "Henrique",
    "Jacky", "Lee", "Marco", "Mario", "Michael", "Mike", "Nguyen", "antonio", "aunty", "benjamin",
    "boris", "caleb", "david", "ed", "edward", "edward2", "grandma", "grandpa", "gustave", "iven",
    "iven2", "iven3", "iven4", "john", "max", "miguel", "norbert", "pablo", "paul", "pedro", "rob",
    "robert", "steph", "steph2", "steph3", "zac",
)  # fmt: skip
FLITE_VOICES = {"kal16": ("kal", 110.0), "awb": ("awb", 130.0), "rms": ("rms", 100.0), "slt": ("slt", 175.0)}
FESTIVAL_VOICES = {"kal_diphone": "kal", "cmu_us_slt_arctic_hts": "slt", "ked_diphone": "ked"}
TRAIN_VOICES = {
    "espeak": ESPEAK_TRAIN_VARIANTS,
    "flite": tuple(FLITE_VOICES),
    "festival": tuple(name for name, speaker in FESTIVAL_VOICES.items() if speaker not in UNSEEN_SPEAKERS),
}

ENGINE_SHARE = {"espeak": 0.45, "flite": 0.40, "festival": 0.15}
WARP_RANGE = (0.88, 1.14)
WARP_PROBABILITY = {"espeak": 0.3, "flite": 0.65, "festival": 0.65, "kokoro": 0.5}
KOKORO_PURE_SHARE = 0.4


@dataclass(frozen=True)
class Voice:
    """One way of speaking one sentence.

    Attributes:
        engine: ``espeak``, ``flite``, ``festival`` or ``kokoro``.
        name: the engine's name of the voice, e.g. ``en-us+f3``, ``awb``, ``kal_diphone``.
        speaker: the human (or espeak-ng variant) behind it, the same across engines.
        pace: words per minute (espeak), duration stretch (flite, festival) or speed (kokoro).
        pitch: espeak's 0-99, or mean fundamental frequency in Hz (flite); 0 leaves it alone.
        warp: the sound is resampled by this factor: pitch and vocal tract scale up with it.
    """

    engine: str
    name: str
    speaker: str
    pace: float
    pitch: float
    warp: float

    @property
    def label(self) -> str:
        """Engine and voice in one word, e.g. ``flite:awb``."""
        return f"{self.engine}:{self.name}"

    @property
    def unseen(self) -> bool:
        """Whether training never hears this speaker."""
        return self.speaker in UNSEEN_SPEAKERS or self.speaker in UNSEEN_ESPEAK_VARIANTS


def draw_voice(rng: np.random.Generator, engine: str) -> Voice:
    """A training voice of one engine, with its pace, pitch and vocal tract varied."""
    if engine == "kokoro":
        return _kokoro_voice(rng)
    names = TRAIN_VOICES[engine]
    return named_voice(rng, engine, names[int(rng.integers(len(names)))])


def speaker_of(label: str) -> str:
    """The speaker behind a voice's label, e.g. ``f3`` for ``espeak:en-us+f3``, ``kal`` for ``flite:kal16``."""
    engine, _, name = label.partition(":")
    if engine == "espeak":
        return name.rpartition("+")[2]
    if engine == "kokoro":
        return name
    return FLITE_VOICES[name][0] if engine == "flite" else FESTIVAL_VOICES[name]


def draw_engine(rng: np.random.Generator) -> str:
    """An engine, in the shares of the training mix."""
    return str(rng.choice(list(ENGINE_SHARE), p=list(ENGINE_SHARE.values())))


def named_voice(rng: np.random.Generator, engine: str, name: str) -> Voice:
    """A given voice of an engine (for espeak-ng a variant), with everything else drawn."""
    if engine == "espeak":
        return _espeak_voice(rng, name)
    return _flite_voice(rng, name) if engine == "flite" else _festival_voice(rng, name)


def kokoro_heldout(rng: np.random.Generator) -> Voice:
    """The voice of Kokoro that training never hears."""
    return Voice("kokoro", kokoro.HELD_OUT, kokoro.HELD_OUT, round(float(rng.uniform(*kokoro.SPEED)), 3), 0.0, 1.0)


def _kokoro_voice(rng: np.random.Generator) -> Voice:
    """One of its training voices, or a blend of two, which is a speaker of its own."""
    first, second = rng.choice(kokoro.VOICES, 2, replace=False)
    share = round(float(rng.uniform(0.2, 0.5)), 2)
    name = str(first) if rng.random() < KOKORO_PURE_SHARE else kokoro.BLEND.join((first, second, str(share)))
    return Voice("kokoro", name, name, round(float(rng.uniform(*kokoro.SPEED)), 3), 0.0, _draw_warp(rng, "kokoro"))


def _espeak_voice(rng: np.random.Generator, variant: str) -> Voice:
    accent = str(rng.choice(ESPEAK_ACCENTS, p=ACCENT_SHARE))
    pace, pitch = float(rng.integers(130, 216)), float(rng.integers(20, 81))
    return Voice("espeak", f"{accent}+{variant}", variant, pace, pitch, _draw_warp(rng, "espeak"))


def _festival_voice(rng: np.random.Generator, name: str) -> Voice:
    pace = round(float(rng.uniform(0.8, 1.2)), 3)
    return Voice("festival", name, FESTIVAL_VOICES[name], pace, 0.0, _draw_warp(rng, "festival"))


def _flite_voice(rng: np.random.Generator, name: str) -> Voice:
    speaker, mean_hz = FLITE_VOICES[name]
    pace = round(float(rng.uniform(0.8, 1.25)), 3)
    pitch = round(mean_hz * float(rng.uniform(0.85, 1.2)), 1)
    return Voice("flite", name, speaker, pace, pitch, _draw_warp(rng, "flite"))


def _draw_warp(rng: np.random.Generator, engine: str) -> float:
    share, warp = rng.random(), round(float(rng.uniform(*WARP_RANGE)), 3)
    return warp if share < WARP_PROBABILITY[engine] else 1.0
