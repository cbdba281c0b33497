"""Recordings of people who order coffee, and the noises that they are heard in: for every report that asks them.

::

    AZSIM_DATA/barista (dev, or a fold of the training speakers) ──> Speech
    AZSIM_DATA/noise, and what is made ──> kitchen, babble, music
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from azsim.errors import InputError
from azsim.speech import noise
from azsim.train.corpus.clips import UNTIL_S
from azsim.train.corpus.music import compose
from azsim.train.corpus.protocol import KITCHEN, fold_of
from azsim.train.corpus.recordings import read_sound
from azsim.train.corpus.scene import make_pool

SEED = 23
MIXED_S = 30.0


@dataclass(frozen=True)
class PeopleSpeech:
    """Recordings of people: sound, words, slots and speaker of each."""

    sounds: list[np.ndarray]
    texts: list[str]
    slots: list[dict[str, str]]
    speakers: list[str]

    @classmethod
    def load(cls, data: Path, which: str, fold: int, most: int) -> PeopleSpeech:
        """The dev split, or a fold of the training speakers; at most so many recordings, evenly spread.

        Raises:
            InputError: the folder does not hold them as its manifest says.
        """
        source = data / "barista" / "manifest.csv"
        try:
            with source.open(newline="", encoding="utf-8") as stream:
                rows = [row for row in csv.DictReader(stream) if row["transcript"]]
            if which == "dev":
                rows = [row for row in rows if row["split"] == "dev"]
            else:
                rows = [row for row in rows if row["split"] == "train"]
                everyone = {row["speaker"] for row in rows}
                rows = [row for row in rows if fold_of(row["speaker"], everyone) == fold]
            slots = [json.loads(row["slots_json"]) for row in rows]
        except (OSError, KeyError, ValueError) as error:
            wanted = "file, speaker, split, transcript, slots_json"
            raise InputError(f"{source}: cannot be read as a manifest with columns {wanted}: {error}") from error
        chosen = range(0, len(rows), max(1, -(-len(rows) // most)))
        sounds = [read_sound(source.parent / rows[i]["file"]) for i in chosen]
        texts, speakers = ([rows[i][column] for i in chosen] for column in ("transcript", "speaker"))
        return cls(sounds, texts, [slots[i] for i in chosen], speakers)


def recorded_noises(data: Path) -> dict[str, np.ndarray]:
    """Noises that are not made anew for each recording: the kitchen after its first minute, babble, music."""
    kitchen = read_sound(data / "noise" / "kitchen.flac")[round(UNTIL_S * 16_000) :]
    rng = np.random.default_rng(SEED)
    length = int(MIXED_S * 16_000)
    babble = noise.babble(rng, length, make_pool(SEED).voices)
    return {KITCHEN: kitchen, "babble": babble, "music": compose(SEED, MIXED_S, 16_000).mean(axis=1)}
