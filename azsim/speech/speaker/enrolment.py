"""People who enrol: a folder of recordings for each, made into profiles.

::

    PEOPLE/anna/1.wav 2.wav 3.wav      at least three, of her alone
          /ben/a.flac b.flac c.flac  ──voice of each, mean──> Profiles
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from azsim.errors import InputError, readable
from azsim.speech.audio import read_audio
from azsim.speech.features import log_mel
from azsim.speech.room_tone import room_tone
from azsim.speech.speaker.embedder import Embedder, VoiceWindows, unit
from azsim.speech.speaker.trials import ENROLMENT
from azsim.speech.speaker.verifier import MatchLimits, Profiles

LEAST_WINDOWS = 1
"""Of speech in a recording."""
HALF_WINDOWS = 3
"""Of each part of a recording in which two voices are looked for."""
MOST_MINUTES = 2.0


def profiles_of(folder: Path, network: Callable[[], VoiceWindows], limits: MatchLimits) -> Profiles:
    """Everybody below a folder, in order of their names.

    Args:
        folder: holds a folder for each person.
        network: gives the network at the start of a stream.
        limits: below whose ``unlike`` two recordings, or two parts of one, are of two people.

    Raises:
        InputError: there is no such folder or nobody in it; somebody has fewer than three recordings; one cannot be
            read, holds hardly any speech, two voices, or another voice than the person's others; two people have one
            voice.
    """
    people = people_of(folder)
    made = [profile(person, network, limits) for person in people]
    profiles = Profiles(tuple(person.name for person in people), np.array(made))
    alike = np.triu(profiles.voices @ profiles.voices.T, 1)
    one, other = (int(at) for at in np.unravel_index(np.argmax(alike), alike.shape))
    if alike[one, other] >= limits.sure and one != other:
        raise InputError(
            f"{folder}: {people[one].name!r} and {people[other].name!r} have one voice "
            f"(likeness {alike[one, other]:.2f}, from {limits.sure:.2f} on they are one person): enrol the person once"
        )
    return profiles


def people_of(folder: Path) -> list[Path]:
    """Folders of the people below a folder, in order of their names; no recording is read.

    Raises:
        InputError: there is no such folder, or nobody in it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; must hold a folder of recordings for each person")
    people = sorted(each for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))
    if not people:
        raise InputError(f"{folder}: nobody in it; must hold a folder of recordings for each person")
    return people


def profile(person: Path, network: Callable[[], VoiceWindows], limits: MatchLimits) -> np.ndarray:
    """The voice of one person, float64 of length 1.

    Raises:
        InputError: as `profiles_of`.
    """
    if readable(person.name) != person.name:
        raise InputError(f"{person}: the name of a person must be of letters that can be printed")
    files = sorted(each for each in person.iterdir() if each.is_file() and not each.name.startswith("."))
    if len(files) < ENROLMENT:
        raise InputError(f"{person}: {len(files)} recordings; enrolment takes at least {ENROLMENT}")
    voices = [voice_of(path, network, limits) for path in files]
    for number, (path, voice) in enumerate(zip(files, voices, strict=True)):
        others = unit(np.mean(voices[:number] + voices[number + 1 :], axis=0))
        likeness = float(voice @ others)
        if likeness < limits.unlike:
            raise InputError(
                f"{path}: another voice than in the other recordings of {person.name!r} (likeness {likeness:.2f}, at "
                f"least {limits.unlike:.2f} is expected); record one person alone"
            )
    return unit(np.mean(voices, axis=0))


def voice_of(path: Path, network: Callable[[], VoiceWindows], limits: MatchLimits) -> np.ndarray:
    """The voice in a recording.

    Raises:
        InputError: it cannot be read, holds hardly any speech, or two voices.
    """
    frames = log_mel(read_audio(path, MOST_MINUTES).samples)
    embedder = Embedder(network())
    if len(frames):
        embedder.feed(np.concatenate([frames, room_tone(frames, 3)]))
    if len(embedder.windows) < LEAST_WINDOWS or embedder.voice is None:
        raise InputError(f"{path}: hardly any speech in it; enrolment takes recordings of at least 0.8 s of speech")
    likeness = least_alike(embedder.windows)
    if likeness < limits.unlike:
        raise InputError(
            f"{path}: two voices in it (likeness of its parts {likeness:.2f}, at least {limits.unlike:.2f} is "
            "expected); record one person alone"
        )
    return embedder.voice


def least_alike(windows: Sequence[np.ndarray]) -> float:
    """Cosine of what comes before a moment with what comes after it, where it is least; 1 where there are too few."""
    parts = [
        float(unit(np.mean(windows[:at], axis=0)) @ unit(np.mean(windows[at:], axis=0)))
        for at in range(HALF_WINDOWS, len(windows) - HALF_WINDOWS + 1)
    ]
    return min(parts, default=1.0)
