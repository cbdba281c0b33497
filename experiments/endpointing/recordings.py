"""The recordings of the report: shipped test speech, orders of people, and synthetic speech held out of training.

Room tone at -60 dBFS is added to every recording of people, some of which hold digital silence; after every recording
its room goes on.
"""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from azsim.errors import InputError
from azsim.resources import shipped
from azsim.speech.audio import read_audio
from azsim.speech.features import FRAME_SHIFT_MS, SAMPLE_RATE_HZ, log_mel
from azsim.speech.room_tone import room_tone as room_frames
from azsim.train.corpus.protocol import ENDPOINT_TONE_DBFS, fold_of, room_tone, with_tone
from azsim.train.corpus.recordings import estimate_bounds_ms, read_sound
from azsim.train.data import complete_folders, load_utterances
from experiments.endpointing.tracks import TAIL_S, TrackRecording, estimated_end_ms, with_room

SYNTHETIC = ("dev-seen", "dev-unseen")
"""Of `python -m azsim.train.corpus eval`: sentences and, of the second, voices that no training hears."""


def shipped_speech() -> Iterator[TrackRecording]:
    """The 208 recordings that travel with azsim; their true ends are known."""
    manifest = shipped("experiments", "speech/manifest.csv")
    with open(manifest, newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            sound = with_room(read_audio(manifest.parent / row["file"]).samples)
            end_ms = int(row["speech_end_ms"])
            yield TrackRecording(row["file"], row["voice"], row["transcript"], end_ms, log_mel(sound), sound)


def orders(data: Path, split: str, fold: int | None = None) -> Iterator[TrackRecording]:
    """Orders of people: of the dev split, or of the training speakers of a fold.

    Raises:
        InputError: the manifest cannot be read.
    """
    manifest = data / "barista" / "manifest.csv"
    try:
        with manifest.open(newline="", encoding="utf-8") as stream:
            rows = [row for row in csv.DictReader(stream) if row["split"] == split and row["transcript"]]
    except (OSError, KeyError) as error:
        raise InputError(f"{manifest}: cannot be read: {error}") from error
    everyone = {row["speaker"] for row in rows}
    for row in rows:
        if fold is None or fold_of(row["speaker"], everyone) == fold:
            plain = read_sound(manifest.parent / row["file"])
            rng = np.random.default_rng(zlib.crc32(row["file"].encode()))
            tail = room_tone(round(TAIL_S * SAMPLE_RATE_HZ), ENDPOINT_TONE_DBFS, rng)
            toned = with_tone(plain)
            sound = np.concatenate([toned, tail])
            end_ms = estimated_end_ms(toned)
            known_ms = estimate_bounds_ms(plain)[1] if end_ms is None else end_ms
            yield TrackRecording(row["file"], row["speaker"], row["transcript"], known_ms, log_mel(sound), sound)


def held_out_synthetic(corpus: Path) -> Iterator[TrackRecording]:
    """Synthetic speech of held-out sentences; their true ends are known, features alone are kept.

    Raises:
        InputError: the corpus does not hold them.
    """
    splits = load_utterances(corpus, complete_folders(corpus))
    found = [each for split in SYNTHETIC for each in splits.get(split, ())]
    if not found:
        raise InputError(f"{corpus}: holds no {SYNTHETIC[0]}; python -m azsim.train.corpus eval makes it")
    for each in found:
        frames = np.asarray(each.features, np.float32)
        whole = np.concatenate([frames, room_frames(frames, round(TAIL_S * 1000) // FRAME_SHIFT_MS)])
        yield TrackRecording(each.line.id, each.line.voice, each.line.text, round(each.line.speech_end_ms), whole)
