"""Coffee orders of real speakers, in the quiet and in the noise of a kitchen.

::

    DATA/barista/manifest.csv, split dev ── read ──┬─────────────────────────> quiet
    DATA/noise/kitchen.flac ── a stretch of it ────┴─ so far below the speech ─> 12 dB, 6 dB
                                                                                  └─ from just before the order on

The stretch is the same for every level and comes from after the first minute, which training may have heard. Its own
level is set against the speech between the first and the last loud moment, not against the silence around it.

**Source:** Picovoice speech-to-intent-benchmark (Apache-2.0), recordings, slots and kitchen noise.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from azsim.errors import InputError
from azsim.speech.features import SAMPLE_RATE_HZ
from azsim.speech.noise import cut, mixed, unit_rms
from azsim.train.corpus.clips import UNTIL_S
from azsim.train.corpus.recordings import estimate_bounds_ms, read_sound

SPLIT = "dev"
SEED = 11
FULL_SCALE = 0.99
OPENS_MS, CLOSES_MS = 500, 700


@dataclass(frozen=True)
class HearingCondition:
    """How recordings are heard: the speech over the noise, None for none, and whether whole or opened for the order."""

    name: str
    snr_db: float | None = None
    is_opened: bool = False


@dataclass(frozen=True)
class Orders:
    """Recordings of one split: what is heard, said, meant and by whom."""

    sounds: list[np.ndarray]
    texts: list[str]
    slots: list[dict[str, str]]
    speakers: list[str]
    kitchen: np.ndarray  # what training cannot have heard of it

    @classmethod
    def load(cls, data: Path) -> Orders:
        """Read them.

        Raises:
            InputError: the folder does not hold them as its manifest says.
        """
        source = data / "barista" / "manifest.csv"
        try:
            with source.open(newline="", encoding="utf-8") as stream:
                rows = [row for row in csv.DictReader(stream) if row["split"] == SPLIT and row["transcript"]]
            slots = [json.loads(row["slots_json"]) for row in rows]
        except (OSError, KeyError, ValueError) as error:
            wanted = "file, speaker, split, transcript, slots_json"
            raise InputError(f"{source}: cannot be read as a manifest with columns {wanted}: {error}") from error
        sounds = [read_sound(source.parent / row["file"]) for row in rows]
        texts, speakers = ([row[column] for row in rows] for column in ("transcript", "speaker"))
        return cls(sounds, texts, slots, speakers, _kitchen(data / "noise" / "kitchen.flac"))

    def heard(self, condition: HearingCondition) -> list[np.ndarray]:
        """All recordings; opened ones begin half a second before the order and end 0.7 s after it."""
        found = []
        for index, sound in enumerate(self.sounds):
            begin_ms, finish_ms = estimate_bounds_ms(sound)
            if condition.snr_db is not None:
                sound = self._in_kitchen(index, condition.snr_db)
            if condition.is_opened:
                first, last = max(0, begin_ms - OPENS_MS), finish_ms + CLOSES_MS
                sound = sound[first * SAMPLE_RATE_HZ // 1000 : last * SAMPLE_RATE_HZ // 1000]
            found.append(sound)
        return found

    def _in_kitchen(self, index: int, snr_db: float) -> np.ndarray:
        sound = self.sounds[index]
        noise = unit_rms(cut(np.random.default_rng([SEED, index]), self.kitchen, len(sound)))
        begin, finish = (ms * SAMPLE_RATE_HZ // 1000 for ms in estimate_bounds_ms(sound))
        both = mixed(sound, noise, snr_db, begin, finish)
        return (both * min(1.0, FULL_SCALE / float(np.abs(both).max()))).astype(np.float32)


def _kitchen(path: Path) -> np.ndarray:
    sound = read_sound(path)[round(UNTIL_S * SAMPLE_RATE_HZ) :]
    if not len(sound):
        raise InputError(f"{path}: ends before {UNTIL_S:g} s; what comes after is measured with")
    return sound
