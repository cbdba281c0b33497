"""The shipped tagger as a stage: an answer to the final words, and the jobs that it costs."""

from __future__ import annotations

import pytest

from azsim.compress import compress
from azsim.compress.layout import DEFAULT_LAYOUT
from azsim.errors import InputError
from azsim.speech.stage import Configured, Event, Piece, StageJob, Turn
from azsim.speech.stages.understanding import TASK, Understanding
from tests.conftest import random_network
from tests.speech.test_pipeline import frames_of

SAID = "give me a large iced mocha with a bit of milk"


@pytest.fixture(scope="module")
def configured() -> Configured:
    small = compress(random_network(3), weight_bits=8, codec="raw")
    return Configured(small, lambda network: compress(network, weight_bits=8, codec="packed"), DEFAULT_LAYOUT, 1)


def answer(configured, *events):
    stage = Understanding()
    listening = stage.listener(configured, stage.network(configured))(Turn("utterance"))
    return listening.hear(Piece(frames_of(0, 4), 0, events=events))


def test_final_words_become_intent_and_slots(configured):
    search = StageJob("cpu", "search", 900)
    made = answer(configured, Event(900, "final", SAID, search))
    (event,) = made.events
    assert event.kind == "understood"
    assert event.value["intent"] == "orderDrink"
    assert event.value["slots"] == {"size": "large", "coffeeDrink": "iced mocha", "milkAmount": "a bit of milk"}
    assert 0 < event.value["probability"] <= 1
    assert event.job is made.jobs[-1]


def test_the_jobs_follow_the_words_and_count_them(configured):
    search = StageJob("cpu", "search", 900)
    first, *runs = answer(configured, Event(900, "final", SAID, search)).jobs
    assert (first.engine, first.name, first.units, first.after) == ("cpu", TASK, 11, (search,))
    assert [(run.engine, run.units) for run in runs] == [("npu", 13)] * len(runs)
    assert runs[0].after == (first,)
    assert {run.name for run in runs} == set(Understanding().network(configured).network.programs())


def test_no_words_ask_for_nothing_and_other_events_are_left(configured):
    made = answer(configured, Event(100, "wake", True), Event(900, "final", ""))
    assert [event.value["intent"] for event in made.events] == ["nothing"]
    assert [job.engine for job in made.jobs] == ["cpu"]
    assert answer(configured).events == ()


def test_a_network_that_is_no_tagger_is_refused(configured):
    with pytest.raises(InputError, match="model = 'rnnt-5bit': must be a tagger"):
        Understanding(model="rnnt-5bit").network(configured)
