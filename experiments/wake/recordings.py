"""What the detector is measured in: recordings that neither its training nor its threshold heard."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from azsim.resources import shipped
from azsim.speech.audio import read_audio
from azsim.train.corpus.recordings import estimate_bounds_ms, read_sound
from azsim.train.corpus.untranscribed import load_untranscribed
from azsim.train.corpus.wake_words import UNHEARD_WORD, WAKE_WORD

HEARD_S = 62.0
"""Of the kitchen, that trainings heard, with a margin."""
PER_MS = 16
LEAD_MS, TAIL_MS = 300, 700


def words(data: Path) -> list[tuple[np.ndarray, int]]:
    """The wake word by held-out voices, with a little of its room around it, and where it ends in ms, by its energy."""
    found = []
    for each in load_untranscribed(data / "wakeword"):
        if each.extra.get("word") == WAKE_WORD and each.extra["split"] == "test":
            sound = read_sound(each.path)
            start_ms, end_ms = estimate_bounds_ms(sound)
            first = max(0, start_ms - LEAD_MS)
            found.append((sound[first * PER_MS : (end_ms + TAIL_MS) * PER_MS], end_ms - first))
    return found


def noises(data: Path) -> dict[str, np.ndarray]:
    """The part of the kitchen that no training heard, and the shipped music."""
    kitchen = read_sound(data / "noise" / "kitchen.flac")[int(HEARD_S * 16_000) :]
    return {"kitchen": kitchen, "music": read_audio(shipped("experiments", "music/track.ogg")).samples}


def mixed(word: np.ndarray, noise: np.ndarray, snr_db: float, rng: np.random.Generator) -> np.ndarray:
    """The word, its speech above 2 % of its peak so far over the noise."""
    loud = word[np.abs(word) > 0.02 * np.abs(word).max()]
    start = int(rng.integers(len(noise) - len(word)))
    chosen = noise[start : start + len(word)]
    level = np.sqrt(np.mean(loud**2)) / (np.sqrt(np.mean(chosen**2)) + 1e-9) * 10 ** (-snr_db / 20)
    return (word + level * chosen).astype(np.float32)


def without(data: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Sound without the word: its kind, and samples."""
    for each in load_untranscribed(data / "speakers"):
        if each.extra["split"] == "test":
            yield "read books (test-other)", read_sound(each.path)
    with (data / "barista" / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["split"] == "dev":
                yield "orders (dev)", read_sound(data / "barista" / row["file"])
    for each in load_untranscribed(data / "wakeword"):
        if each.extra.get("word") == UNHEARD_WORD:
            yield f"another word ({UNHEARD_WORD})", read_sound(each.path)
    folder = shipped("experiments", "speech/manifest.csv").parent
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            yield "shipped test speech (synthetic)", read_audio(folder / row["file"]).samples
    for name, sound in noises(data).items():
        yield f"{name}, nobody speaks", sound
