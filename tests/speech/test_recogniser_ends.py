"""The recogniser under an end-pointer: pieces of any size, silence, music, speech without an end, a beam."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.compress.recipe import compress
from azsim.nn.graph.executor import Model
from azsim.speech.bounds import UNKNOWN
from azsim.speech.conclusion import Recognition, no_jobs
from azsim.speech.endpoint import step_end_ms
from azsim.speech.endpointing.decision import EndPointing, Limits
from azsim.speech.endpointing.listening import EndPointer, EndPointNetworks
from azsim.speech.features import log_mel
from azsim.speech.lattice.slf import to_slf
from azsim.speech.listener import Listener
from azsim.speech.recogniser import Recogniser
from azsim.speech.room_tone import room_tone
from azsim.speech.search.beam import Beam, BeamOptions
from azsim.speech.search.choice import SearchChoice
from tests.conftest import random_network
from tests.speech.endpointing.graphs import activity_network, sentence_network

NETWORKS = EndPointNetworks(*((Model.in_integers(each), each) for each in (activity_network(), sentence_network())))
LIMITS = EndPointing(
    speculative=Limits(60, 30), final=Limits(180, 90), longest_ms=6_000, nothing_said_ms=4_000, speech_above=0.6
)
SMALL = compress(random_network(8))


def sound(seconds: float = 1.8, seed: int = 2) -> np.ndarray:
    rng = np.random.default_rng(seed)
    loud = np.repeat(np.resize([0.02, 0.3, 0.05, 0.2, 0.01], round(seconds * 2.7)), 6_000)[: round(16_000 * seconds)]
    return (loud * rng.standard_normal(loud.size)).astype(np.float32)


def heard(limits: EndPointing, frames: np.ndarray, cuts: list[int], **options: object) -> tuple[Listener, Recognition]:
    listener = Listener(Recogniser(SMALL, ends=EndPointer(NETWORKS, limits), **options))
    for piece in np.split(frames, sorted(cuts)):
        listener.feed(piece)
    return listener, listener.finish(room_tone(frames, listener.most_after), 1_800, UNKNOWN)


@settings(max_examples=10, deadline=None)
@given(cuts=st.lists(st.integers(0, 170), max_size=20))
def test_events_do_not_depend_on_the_pieces(cuts: list[int]) -> None:
    frames = log_mel(sound())
    whole, concluded = heard(LIMITS, frames, [])
    pieces, same = heard(LIMITS, frames, cuts)
    assert whole.ends.events == pieces.ends.events
    assert concluded.transcript == same.transcript
    assert concluded.work.jobs == same.work.jobs


def test_the_words_are_those_of_the_commit_and_the_work_ends_there() -> None:
    listener, found = heard(LIMITS, log_mel(sound()), [])
    commit = listener.ends.events[-1]
    assert commit.kind == "commit"
    assert found.transcript.text == listener.text_of(commit.labels)
    assert (found.work.endpoint_ms, found.work.steps) == (commit.time_ms, commit.step + 1)
    assert found.work.endpoint_ms == step_end_ms(commit.step)
    assert max(job.step for job in found.work.jobs) <= commit.step
    assert found.work.premature == (found.transcript.text != found.transcript.text_whole)


def test_what_never_ends_is_ended_by_rule_and_the_reason_is_said() -> None:
    never = EndPointing(
        speculative=Limits(9_000, 9_000), final=Limits(9_000, 9_000), longest_quiet_ms=9_000, longest_pause_ms=9_000,
        longest_ms=3_000, nothing_said_ms=9_000,
    )  # fmt: skip
    listener, found = heard(never, log_mel(sound(7.0)), [])
    assert [event.kind for event in listener.ends.events] == ["speculative", "commit"]
    assert listener.ends.events[-1].reason == "too long"
    assert 3_000 <= found.work.endpoint_ms < 3_000 + 30


@pytest.mark.parametrize("level", [0.0, 1e-4])
def test_where_nothing_is_said_it_ends_by_rule(level: float) -> None:
    quiet = (level * np.random.default_rng(1).standard_normal(16_000)).astype(np.float32)
    mute = EndPointing(nothing_said_ms=2_000, longest_ms=2_500)
    listener, found = heard(mute, log_mel(quiet), [])
    last = listener.ends.events[-1]
    assert last.kind == "commit"
    assert last.reason == ("nothing said" if not found.transcript.words else last.reason)
    assert found.work.endpoint_ms <= 2_530


def test_a_beam_is_asked_for_all_that_it_holds() -> None:
    listener, found = heard(LIMITS, log_mel(sound()), [], search=partial(Beam, options=BeamOptions(beam=3)))
    commit = listener.ends.events[-1]
    assert found.transcript.text == listener.text_of(commit.labels)


@settings(max_examples=5, deadline=None)
@given(cuts=st.lists(st.integers(0, 170), max_size=8))
def test_the_lattice_is_of_all_that_was_heard_until_the_committed_words_were_told(cuts: list[int]) -> None:
    search = SearchChoice(beam=3)
    options = {"search": search.maker(), "lattices": search}
    frames = log_mel(sound())
    listener, found = heard(LIMITS, frames, cuts, **options)
    told = [event for event in listener.ends.events if event.kind == "speculative"][-1]
    alone = Listener(Recogniser(SMALL, **options))
    alone.feed(np.concatenate([frames, room_tone(frames, listener.most_after)])[: 3 * (told.step + 1)])
    until = alone.conclude(1_800, UNKNOWN, no_jobs)
    assert to_slf(found.lattice) == to_slf(until.lattice)
    assert all(0 <= word.word_posterior <= 1 for word in found.transcript.words)
