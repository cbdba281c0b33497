"""Follow-ups: after a turn, speech to the device opens the next one, other speech and what comes too late do not."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.compress.recipe import compress
from azsim.nn.graph.executor import Model
from azsim.nn.graph.stored import save_graph
from azsim.speech.conversation.conversation import Conversation, ConversationTurn
from azsim.speech.conversation.follow_up import ForFollowUp, after_turns
from azsim.speech.conversation.opening import LEAD_FRAMES, ForWakeWord
from azsim.speech.endpointing.decision import EndPointing, Limits
from azsim.speech.endpointing.listening import EndPointer, EndPointNetworks
from azsim.speech.recogniser import Recogniser
from azsim.speech.turn_taking.directed import AFTER_STEPS, TurnLimits
from azsim.speech.turn_taking.tracks import Person, steps_of
from azsim.speech.wake_detector import WakeLimits
from tests.conftest import random_network
from tests.speech.endpointing.graphs import activity_network, sentence_network
from tests.speech.turn_taking.graph import facing_network, integers_of_facing, loud, quiet
from tests.speech.wake_graph import detector_network, word_frames

NETWORK = integers_of_facing()
LAID = (Model.in_integers(NETWORK), NETWORK)
DETECTOR = (lambda graph: (Model.in_integers(graph), graph))(detector_network())
LIMITS = TurnLimits(0.7)
SOUND = np.concatenate([quiet(90), loud(120), quiet(150)])


def looking(yaw_deg: float) -> tuple[Person, ...]:
    times = np.arange(0, 20_000, 33)
    zeros = np.zeros(len(times), np.float32)
    return (Person("ann", times, zeros + yaw_deg, zeros, zeros),)


def waiting(yaw_deg: float, window_ms: int = 8000) -> ForFollowUp:
    wake = ForWakeWord(DETECTOR, WakeLimits(0.7, 60))
    return ForFollowUp(LAID, LIMITS, partial(steps_of, looking(yaw_deg)), wake, window_ms)


@given(st.lists(st.integers(0, len(SOUND)), max_size=5))
@settings(max_examples=10, deadline=None)
def test_speech_to_the_device_opens_a_turn_however_it_is_cut(cuts: list[int]) -> None:
    waits = waiting(0)
    (opening,) = [each for piece in np.split(SOUND, sorted(cuts)) for each in waits.hear(piece)]
    assert opening.by == "follow-up"
    assert opening.frame == 90 - LEAD_FRAMES
    assert opening.known_frames == 90 + 3 * AFTER_STEPS


def test_speech_to_somebody_else_and_after_the_window_opens_none() -> None:
    assert waiting(80).hear(SOUND) == []
    assert waiting(0, 1200).hear(SOUND) == []


def test_the_wake_word_opens_one_all_along() -> None:
    sound = np.concatenate([quiet(120), word_frames(), quiet(60)])
    assert [each.by for each in waiting(80, 600).hear(sound)] == ["wake word"]


@pytest.mark.parametrize(("yaw_deg", "openers"), [(0, {"follow-up"}), (80, set())])
def test_a_conversation_goes_on_without_the_wake_word(yaw_deg: float, openers: set[str], tmp_path: Path) -> None:
    activity, sentence = ((Model.in_integers(each), each) for each in (activity_network(), sentence_network()))
    ends = EndPointing(
        speculative=Limits(60, 30), final=Limits(180, 90), longest_ms=1_500, nothing_said_ms=600, speech_above=0.6
    )
    recogniser = Recogniser(compress(random_network(8)), ends=EndPointer(EndPointNetworks(activity, sentence), ends))
    save_graph(facing_network(), tmp_path / "facing.safetensors", {"threshold": 0.7})
    by_word = partial(ForWakeWord, DETECTOR, WakeLimits(0.7, 60))
    after = after_turns(looking(yaw_deg), str(tmp_path / "facing.safetensors"), by_word)
    talk = Conversation(recogniser, by_word, after)
    sound = np.concatenate([quiet(90), word_frames(), quiet(300), loud(90), quiet(150)])
    told = [*talk.feed(sound), *talk.finish()]
    turns = [each for each in told if isinstance(each, ConversationTurn)]
    assert turns[0].opening.by == "wake word"
    assert {turn.opening.by for turn in turns[1:]} == openers
    assert all(turn.opening.frame * 10 >= before.end_ms - 700 for before, turn in pairwise(turns))
