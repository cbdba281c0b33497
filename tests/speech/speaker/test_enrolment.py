"""People who enrol from folders, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile

from azsim.errors import InputError
from azsim.nn.graph.executor import Model
from azsim.speech.features import SAMPLE_RATE_HZ
from azsim.speech.speaker.embedder import in_integers
from azsim.speech.speaker.enrolment import profiles_of
from azsim.speech.speaker.verifier import MatchLimits, Profiles
from tests.speech.speaker.voices import sound_of, voice_network

LIMITS = MatchLimits(threshold=0.6, sure=0.95, unlike=0.3)


def write(folder: Path, *sounds: np.ndarray) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, sound in enumerate(sounds):
        soundfile.write(folder / f"{number}.wav", sound, SAMPLE_RATE_HZ)


def enrolled(folder: Path) -> Profiles:
    integers = voice_network()
    return profiles_of(folder, partial(in_integers, Model.in_integers(integers), integers), LIMITS)


def test_everybody_has_a_profile_of_their_own(tmp_path: Path) -> None:
    for name, voice in (("ann", 0), ("ben", 1)):
        write(tmp_path / name, *(sound_of(voice, 1.5, seed) for seed in range(3)))
    (tmp_path / ".cache").mkdir()
    made = enrolled(tmp_path)
    assert made.names == ("ann", "ben")
    assert np.allclose(np.linalg.norm(made.voices, axis=1), 1)
    assert made.voices[0] @ made.voices[1] < 0


def three(folder: Path, *others: np.ndarray) -> None:
    write(folder, *(sound_of(0, 1.5, seed) for seed in range(3 - len(others))), *others)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda root: None, "nobody in it"),
        (lambda root: (root / "ann").mkdir(), "0 recordings; enrolment takes at least 3"),
        (lambda root: three(root / "ann", sound_of(-1, 1.5)), r"2\.wav: hardly any speech"),
        (lambda root: three(root / "ann", np.zeros(30_000, np.float32)), r"2\.wav: hardly any speech"),
        (lambda root: three(root / "ann", sound_of(1, 1.5)), r"\.wav: another voice than in the other recordings of"),
        (
            lambda root: three(root / "ann", np.concatenate([sound_of(0, 1.5), sound_of(1, 1.5)])),
            r"2\.wav: two voices in it",
        ),
        (lambda root: [three(root / name) for name in ("ann", "ben")], "'ann' and 'ben' have one voice"),
        (lambda root: (three(root / "ann"), (root / "ann" / "3.wav").write_bytes(b"no")), r"3\.wav"),
    ],
)
def test_who_cannot_enrol_is_told_why(tmp_path: Path, made: Callable[[Path], object], said: str) -> None:
    made(tmp_path)
    with pytest.raises(InputError, match=said) as caught:
        enrolled(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        enrolled(tmp_path / "people")
