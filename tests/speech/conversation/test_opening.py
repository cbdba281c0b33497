"""What opens a turn, where the turn begins, and that pieces do not matter."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.nn.graph.executor import Model
from azsim.speech.conversation.opening import LEAD_FRAMES, VOICED_STEPS, ForVoice, ForWakeWord, Opening, Waiting
from azsim.speech.endpointing.voice_activity import SPEECH, VoiceActivity
from azsim.speech.wake_detector import WakeLimits
from tests.speech.endpointing.graphs import activity_network
from tests.speech.wake_graph import detector_network, word_frames

DETECTOR, ACTIVITY = ((Model.in_integers(each), each) for each in (detector_network(), activity_network()))
RNG = np.random.default_rng(6)
FRAMES = np.concatenate([RNG.uniform(-16, 22, (120, 64)).astype(np.float32), word_frames(), np.zeros((60, 64))])


def heard(waiting: Waiting, cuts: list[int]) -> list[Opening]:
    return [each for piece in np.split(FRAMES, sorted(cuts)) for each in waiting.hear(piece)]


@given(st.lists(st.integers(0, 210), max_size=6))
@settings(max_examples=20, deadline=None)
def test_openings_do_not_depend_on_the_pieces(cuts: list[int]) -> None:
    for make in (lambda: ForWakeWord(DETECTOR, WakeLimits(0.7, 60)), lambda: ForVoice(ACTIVITY, 0.5)):
        assert heard(make(), cuts) == heard(make(), [])


def test_a_turn_begins_where_the_word_ends() -> None:
    (opening,) = heard(ForWakeWord(DETECTOR, WakeLimits(0.7, 60)), [])
    assert opening.by == "wake word"
    assert opening.frame * 10 == (opening.time_ms - 60) // 10 * 10
    assert 120 <= opening.frame <= 150


def test_a_turn_begins_before_the_first_of_some_steps_of_speech() -> None:
    speech = VoiceActivity(*ACTIVITY).feed(FRAMES)[:, SPEECH] > 0.5
    wanted = [
        step for step in range(len(speech)) if speech[max(0, step - VOICED_STEPS + 1) : step + 1].sum() == VOICED_STEPS
        and not (step >= VOICED_STEPS and speech[step - VOICED_STEPS])
    ]  # fmt: skip
    openings = heard(ForVoice(ACTIVITY, 0.5), [])
    assert openings
    assert [each.frame for each in openings] == [max(0, 3 * (step - VOICED_STEPS + 1) - LEAD_FRAMES) for step in wanted]
