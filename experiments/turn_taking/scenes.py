"""Scenes to measure in: recordings of people whom no training heard, said by simulated people to the device or not."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from azsim.errors import InputError
from azsim.speech import noise
from azsim.speech.features import FRAME_SHIFT_MS, SAMPLE_RATE_HZ, STACKED_FRAMES, log_mel
from azsim.speech.level import active_rms
from azsim.speech.turn_taking.people import CameraErrors, Saying, simulate
from azsim.speech.turn_taking.tracks import PEOPLE, Tracks
from azsim.train.corpus.clips import UNTIL_S
from azsim.train.corpus.protocol import ENDPOINT_TONE_DBFS, room_tone
from azsim.train.corpus.recordings import estimate_bounds_ms, read_sound
from azsim.train.corpus.untranscribed import load_untranscribed
from azsim.train.speech_frames import speech_frames

SEED = 29
PER_MS = SAMPLE_RATE_HZ // 1000
MARGIN_MS, LONGEST_MS = 150, 3300
TURNS = 4
"""In a scene."""
GAP_MS = (700, 2000)
SPEECH_DBFS = (-32.0, -20.0)
UNSEEN_SHARE = 0.12
"""Of what is said, by nobody in view; `assumed`, as in the training."""


@dataclass(frozen=True)
class Recorded:
    """One recording of a person: its speech and a little of its room, who it is, whether it is an order."""

    sound: np.ndarray
    speaker: str
    is_order: bool


@dataclass(frozen=True)
class RecordedScene:
    """Recordings one after the other in a quiet room.

    Attributes:
        sound: float32 at 16 kHz, room tone of -60 dBFS in it.
        turns: what it is made of.
        first_frames: of the sound, at which each begins.
        speech: of each, frames with speech, bool ``(n,)``, by its energy before anything was mixed in.
    """

    sound: np.ndarray
    turns: tuple[Recorded, ...]
    first_frames: tuple[int, ...]
    speech: tuple[np.ndarray, ...]

    @property
    def length_ms(self) -> int:
        """Of the sound."""
        return len(self.sound) // PER_MS

    def in_noise(self, unwanted: np.ndarray, snr_db: float, rng: np.random.Generator) -> np.ndarray:
        """The sound in a stretch of noise, so far below its active speech."""
        stretch = noise.unit_rms(noise.cut(rng, unwanted, len(self.sound)))
        return (self.sound + active_rms(self.sound) * 10 ** (-snr_db / 20) * stretch).astype(np.float32)

    def steps_of(self, index: int) -> tuple[int, int]:
        """First and last step with speech of a turn."""
        spoken = (self.first_frames[index] + np.flatnonzero(self.speech[index])) // STACKED_FRAMES
        return int(spoken[0]), int(spoken[-1])


@dataclass(frozen=True)
class Roles:
    """Who says what to whom in a scene, and what a camera sees of it under each of its errors, by name."""

    to_device: tuple[bool, ...]
    tracks: dict[str, Tracks]


def recordings(data: Path, most: int) -> list[Recorded]:
    """Orders of the dev split and read sentences of the test set; at most so many of each, evenly spread.

    Raises:
        InputError: the folder does not hold them.
    """
    source = data / "barista" / "manifest.csv"
    try:
        with source.open(newline="", encoding="utf-8") as stream:
            rows = [row for row in csv.DictReader(stream) if row["split"] == "dev"]
        orders = [(source.parent / row["file"], row["speaker"]) for row in rows]
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{source}: cannot be read as a manifest with file, speaker, split: {error}") from error
    readers = [each for each in load_untranscribed(data / "speakers") if each.extra["split"] == "test"]
    read = [(each.path, each.speaker) for each in readers]
    made = []
    for listed, is_order in ((orders, True), (read, False)):
        for path, speaker in listed[:: max(1, -(-len(listed) // most))]:
            sound = read_sound(path)
            start_ms, end_ms = estimate_bounds_ms(sound)
            first = max(0, start_ms - MARGIN_MS)
            chosen = sound[first * PER_MS : min(end_ms + MARGIN_MS, first + LONGEST_MS) * PER_MS]
            made.append(Recorded(chosen, speaker, is_order))
    return made


def scenes_of(spoken: Sequence[Recorded]) -> list[RecordedScene]:
    """Every recording once, in a drawn order, each at a level of its own."""
    rng = np.random.default_rng(SEED)
    order = rng.permutation(len(spoken))
    return [
        _scene([spoken[i] for i in order[start : start + TURNS]], rng)
        for start in range(0, len(order) - TURNS + 1, TURNS)
    ]


def _scene(turns: Sequence[Recorded], rng: np.random.Generator) -> RecordedScene:
    parts, firsts, speech, length = list[np.ndarray](), list[int](), list[np.ndarray](), 0
    per_frame = FRAME_SHIFT_MS * PER_MS
    for turn in turns:
        gap = int(rng.integers(*GAP_MS)) * PER_MS // per_frame * per_frame
        level = 10 ** (rng.uniform(*SPEECH_DBFS) / 20) / max(active_rms(turn.sound), 1e-6)
        firsts.append((length + gap) // per_frame)
        speech.append(speech_frames(log_mel(turn.sound)))
        parts += [np.zeros(gap, np.float32), turn.sound * level]
        length += gap + len(turn.sound)
    parts.append(np.zeros(PER_MS * 1500, np.float32))
    sound = np.concatenate(parts)
    toned = (sound + room_tone(len(sound), ENDPOINT_TONE_DBFS, rng)).astype(np.float32)
    return RecordedScene(toned, tuple(turns), tuple(firsts), tuple(speech))


def roles_of(
    scene: RecordedScene,
    cameras: dict[str, CameraErrors],
    overheard_share: float,
    told_share: float,
    rng: np.random.Generator,
) -> Roles:
    """Draw who speaks to whom; the cameras see the same people.

    Args:
        scene: what is said.
        cameras: name -> its errors.
        overheard_share: of the orders, those to somebody else; ``told_share``: of the sentences, those to the device.
        rng: the only source of randomness.
    """
    people = int(rng.integers(1, PEOPLE + 1))
    said = []
    for turn, first, speech in zip(scene.turns, scene.first_frames, scene.speech, strict=True):
        drawn = rng.random(2)
        to_device = drawn[0] >= overheard_share if turn.is_order else drawn[0] < told_share
        speaker = None if drawn[1] < UNSEEN_SHARE else int(rng.integers(people))
        said.append(Saying(first, speech, speaker, bool(to_device)))
    seed = int(rng.integers(2**62))
    tracks = {
        name: simulate(said, people, scene.length_ms, np.random.default_rng(seed), camera=camera)
        for name, camera in cameras.items()
    }
    return Roles(tuple(each.to_device for each in said), tracks)


def kitchen(data: Path) -> np.ndarray:
    """The kitchen after the part that trainings heard."""
    return read_sound(data / "noise" / "kitchen.flac")[round(UNTIL_S * SAMPLE_RATE_HZ) :]
