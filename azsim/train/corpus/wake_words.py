"""Clips of a wake word and of words that sound like it, by people and by synthesis, for its detector.

::

    people    "alexa" of DATA/wakeword ──> wake-word (training voices), wake-word-test (three voices in ten, held out)
              "computer", "jarvis"     ──> wake-other, wake-other-test: a word that training never hears
    synthesis "alexa"                  ──> wake-word, wake-word-synthetic-test (voices that training never hears)
              "alexis", "electric"...  ──> wake-near, wake-near-test

Where the word ends is known of synthesis; in a recording, which is quiet, it is taken from its energy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from azsim.spawned import spread
from azsim.speech.features import log_mel
from azsim.train.corpus.heldout import UNSEEN_ESPEAK_VARIANTS
from azsim.train.corpus.recordings import SourceRecording, estimate_bounds_ms, read_sound
from azsim.train.corpus.scene import WIDE, NoisePool, make_pool, render
from azsim.train.corpus.store import Entry
from azsim.train.corpus.synth import speak
from azsim.train.corpus.untranscribed import load_untranscribed
from azsim.train.corpus.voices import Voice, draw_engine, draw_voice, named_voice

WAKE_WORD = "alexa"
WORD, NEAR, OTHER = "wake-word", "wake-near", "wake-other"
WORD_TEST, SYNTHETIC_TEST, NEAR_TEST, OTHER_TEST = (
    "wake-word-test", "wake-word-synthetic-test", "wake-near-test", "wake-other-test",
)  # fmt: skip
UNHEARD_WORD = "jarvis"
"""Of the recorded words, the one that is for measuring alone."""
NEAR_WORDS = (
    "alexis", "alex", "a lexus", "lexus", "a lecture", "electra", "electric", "election", "elect a", "a letter",
    "alaska", "texas", "a texan", "a flexible", "annex a", "relax a", "relaxer", "perplexed", "complex", "reflects a",
    "selects a", "a section", "a second", "affects a", "collects a", "next", "let's see", "unless a", "alice",
    "melissa", "vanessa", "rebecca", "jessica", "alexandria", "alexander", "malaysia", "hey lexi", "a mixer",
    "all access", "axis a", "i'll ask her", "a legend", "a lesson", "excess", "ask her", "election day",
)  # fmt: skip
"""Words and beginnings of sentences that share sounds with the wake word."""
NEAR_WORDS_TEST = (
    "alexei", "lexicon", "a leg", "a lexical", "dialect", "flexor", "galaxy", "apoplexy", "duplex", "elixir",
)  # fmt: skip
"""Likewise, which training never hears."""
BATCH = 50


def recorded_items(data: Path) -> Iterator[tuple[Entry, np.ndarray]]:
    """Wake words and other words of people below ``data/wakeword``.

    Raises:
        InputError: its manifest or a recording is missing.
    """
    for each in load_untranscribed(data / "wakeword"):
        samples = read_sound(each.path)
        start_ms, end_ms = estimate_bounds_ms(samples)
        yield _entry(each, start_ms, end_ms), log_mel(samples).astype(np.float16)


def synthetic_items(
    count: int, near: int, measured: int, seed: int, workers: int
) -> Iterator[tuple[Entry, np.ndarray]]:
    """The wake word ``count`` times, other words ``near`` times, each of them ``measured`` times by unseen voices."""
    pool = make_pool(seed)
    wanted = ((WORD, count), (NEAR, near), (SYNTHETIC_TEST, measured), (NEAR_TEST, measured))
    batches = [
        (split, range(first, min(first + BATCH, most))) for split, most in wanted for first in range(0, most, BATCH)
    ]
    for rendered in spread(partial(_spoken, pool=pool, seed=seed), batches, workers):
        yield from rendered


def _spoken(batch: tuple[str, range], pool: NoisePool, seed: int) -> list[tuple[Entry, np.ndarray]]:
    split, numbers = batch
    place = (WORD, NEAR, SYNTHETIC_TEST, NEAR_TEST).index(split)
    rngs = [np.random.default_rng([seed, 0x77616B65, place, number]) for number in numbers]
    said = [_said(split, number, rng) for number, rng in zip(numbers, rngs, strict=True)]
    made = []
    for number, rng, (voice, text), sound in zip(numbers, rngs, said, speak(said), strict=True):
        scene = render(sound, WIDE, pool, rng)
        entry: Entry = {
            "id": f"{split}-{number:05d}",
            "split": split,
            "text": text,
            "voice": voice.label,
            "engine": voice.engine,
            "domain": "wake",
            "source": "synth",
            "speaker": voice.speaker,
            "speech_start_ms": scene.speech_start_ms,
            "speech_end_ms": scene.speech_end_ms,
        }
        made.append((entry, log_mel(scene.samples).astype(np.float16)))
    return made


def _said(split: str, number: int, rng: np.random.Generator) -> tuple[Voice, str]:
    """Who says what."""
    own = {WORD: (WAKE_WORD,), SYNTHETIC_TEST: (WAKE_WORD,), NEAR: NEAR_WORDS}
    words: Sequence[str] = own.get(split, NEAR_WORDS_TEST)
    text = words[number % len(words)]
    if split in (WORD, NEAR):
        return draw_voice(rng, draw_engine(rng)), text
    variant = UNSEEN_ESPEAK_VARIANTS[number % len(UNSEEN_ESPEAK_VARIANTS)]
    is_ked = number % 4 == 0
    return named_voice(rng, *(("festival", "ked_diphone") if is_ked else ("espeak", variant))), text


def _entry(each: SourceRecording, start_ms: int, end_ms: int) -> Entry:
    word = each.extra.get("word", "")
    is_measured = each.extra["split"] == "test" or word == UNHEARD_WORD
    sides = (WORD, WORD_TEST) if word == WAKE_WORD else (OTHER, OTHER_TEST)
    split = sides[is_measured]
    return {
        "id": f"{split}-{each.path.stem}-{word}",
        "split": split,
        "text": word,
        "voice": each.speaker,
        "engine": "human",
        "domain": "wake",
        "source": "real",
        "speaker": each.speaker,
        "speech_start_ms": start_ms,
        "speech_end_ms": end_ms,
    }
