"""Errors of trials and of the shipped limits, on voices whose answers are known."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

pytest.importorskip("torch", reason="trains with PyTorch, the extra `train`")

from azsim.speech.speaker.trials import scores
from azsim.speech.speaker.verifier import MatchLimits
from experiments.speaker.__main__ import decide, errors_of
from experiments.speaker.trials import VoicedRecording, voices

NAMES = [*"aaaaa", *"bbbbb"]


def apart(windows: int = 4) -> list[VoicedRecording]:
    axes = np.eye(2)
    none = np.zeros(1)
    return [VoicedRecording(none, {"int8": [axes[int(name == "b")]] * windows}, none, 1) for name in NAMES]


def test_people_who_are_apart_are_never_mistaken_however_they_are_drawn() -> None:
    trials = scores(voices(apart(), "int8", None), NAMES)
    assert errors_of(trials, [Counter("aa"), Counter("ab")]).tolist() == [0, 0, 0]


def test_the_cascade_runs_two_windows_where_all_is_plain() -> None:
    whole, cascade = decide(apart(), NAMES, MatchLimits(threshold=0.6, sure=0.9, unlike=0.3))
    assert (whole.missed_percent, whole.accepted_percent, whole.windows_percent) == (0, 0, 100)
    assert (cascade.missed_percent, cascade.accepted_percent, cascade.windows_percent) == (0, 0, 50)


def test_a_threshold_that_nobody_reaches_misses_everybody() -> None:
    whole, _ = decide(apart(), NAMES, MatchLimits(threshold=1.5, sure=2, unlike=-2))
    assert (whole.missed_percent, whole.accepted_percent) == (100, 0)
