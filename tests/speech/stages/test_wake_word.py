"""The wake word's stage: always on, an event where its detector hears the word."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.nn.graph.executor import Model
from azsim.speech.features import STEP_MS
from azsim.speech.stage import Piece
from azsim.speech.stage_registry import stage_of
from azsim.speech.stages import wake_word
from azsim.speech.wake_detector import WakeLimits
from tests.speech.wake_graph import detector_network, word_frames


def test_it_runs_at_every_step_whoever_speaks() -> None:
    stage = stage_of({"kind": "wake-word"}, "stage")
    assert stage.always_on.every_ms == STEP_MS
    assert stage.always_on.vectors == 1


@pytest.mark.parametrize("cuts", [[], [7, 110, 131]])
def test_it_tells_when_the_word_was_heard(cuts: list[int]) -> None:
    network = detector_network()
    listening = wake_word._Listening((Model.in_integers(network), network), WakeLimits(0.7, 60))
    frames, first, events = np.concatenate([np.zeros((120, 64), np.float32), word_frames()]), 0, []
    for piece in np.split(frames, cuts):
        output = listening.hear(Piece(piece, first))
        assert not output.jobs
        events, first = [*events, *output.events], first + len(piece)
    (event,) = events
    assert event.kind == "wake"
    assert event.value == {"end_ms": event.time_ms - 60}
    assert 1_200 < event.time_ms < 1_500
