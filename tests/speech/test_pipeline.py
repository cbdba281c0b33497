"""Stages over an utterance: a new one is a file, events and jobs are merged, pieces do not matter."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from azsim.compress import compress
from azsim.compress.layout import DEFAULT_LAYOUT
from azsim.compress.network import CompressedNetwork
from azsim.errors import InputError
from azsim.speech import stages
from azsim.speech.bounds import estimate_bounds
from azsim.speech.pipeline import Pipeline, with_those_always_there
from azsim.speech.recogniser import Recogniser
from azsim.speech.stage import Configured, Turn
from azsim.speech.stage_registry import stage_kinds, stage_of
from tests.conftest import random_network

LOUD = '''
"""A stage in a file: the loudest band of every tenth frame, and a word when the recogniser is through."""

from azsim.nn.graph.graph import Graph
from azsim.speech.stage import Event, Output, Stage, StageJob
from azsim.speech.stage_registry import stage


@stage("loud")
class Loud(Stage, frozen=True):
    every_ms: int = 100
    hears = ("recogniser",)

    def listener(self, configured, network):
        return lambda turn: Listening(self.every_ms)


class Listening:
    def __init__(self, every_ms):
        self.every = every_ms // 10

    def hear(self, piece):
        events, jobs = [], []
        for place in range(-piece.first % self.every, len(piece.frames), self.every):
            time_ms = 10 * (piece.first + place) + 25
            jobs.append(StageJob("cpu", "loudness", time_ms))
            events.append(Event(time_ms, "loud", int(piece.frames[place].argmax()), jobs[-1]))
        for event in piece.events:
            if event.kind == "final":
                jobs.append(StageJob("cpu", "applause", event.time_ms, after=(event.job,)))
                events.append(Event(event.time_ms, "applause", event.value, jobs[-1]))
        return Output(tuple(events), tuple(jobs))
'''


@pytest.fixture(scope="module")
def small() -> CompressedNetwork:
    return compress(random_network(3), weight_bits=6, codec="packed")


@pytest.fixture
def loud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more file among the stages."""
    (tmp_path / "loud.py").write_text(LOUD, encoding="utf-8")
    monkeypatch.setattr(stages, "__path__", [*stages.__path__, str(tmp_path)])


def frames_of(seed: int, count: int = 400) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(9, 3, (count // 2, 64)), rng.normal(2, 0.1, (count // 2, 64))]).astype(np.float32)


def pipeline(small: CompressedNetwork, *tables: dict) -> Pipeline:
    chosen = with_those_always_there([stage_of(table, "here") for table in tables])
    return Pipeline(chosen, Configured(small, lambda network: compress(network), DEFAULT_LAYOUT, 1))


def test_front_end_and_recogniser_alone_are_the_recogniser(small: CompressedNetwork) -> None:
    for seed in range(3):
        frames = frames_of(seed)
        alone = Recogniser(small).recognise(frames, "u")
        heard = pipeline(small).recognise(frames, Turn("u"))
        assert heard.transcript == alone.transcript
        assert replace(heard.work, events=()) == alone.work
        (final,) = heard.work.events
        assert (final.kind, final.time_ms, final.value) == ("final", heard.work.endpoint_ms, heard.transcript.text)


def test_a_new_stage_is_one_file(small: CompressedNetwork, loud: None) -> None:
    assert "loud" in stage_kinds()
    frames = frames_of(1)
    heard = pipeline(small, {"kind": "loud"}).recognise(frames, Turn("u"))
    alone = pipeline(small).recognise(frames, Turn("u"))
    own = [job for job in heard.work.jobs if job.stage == "loud"]
    assert [replace(job, after=()) for job in heard.work.jobs if job.stage != "loud"] == [
        replace(job, after=()) for job in alone.work.jobs
    ]
    assert [job.release_ms for job in own if job.name == "loudness"] == list(range(25, heard.work.endpoint_ms + 1, 100))
    (applause,) = [event for event in heard.work.events if event.kind == "applause"]
    assert heard.work.jobs[applause.job].name == "applause"
    assert applause.value == heard.transcript.text
    (before,) = heard.work.jobs[applause.job].after
    assert before == next(event.job for event in heard.work.events if event.kind == "final")
    assert [event.time_ms for event in heard.work.events] == sorted(event.time_ms for event in heard.work.events)


@pytest.mark.parametrize("size", [1, 7, 50, 399])
def test_pieces_do_not_matter(small: CompressedNetwork, loud: None, size: int) -> None:
    frames, made = frames_of(2), pipeline(small, {"kind": "loud"})
    whole = made.recognise(frames, Turn("u"))
    listening = made.listen(Turn("u"))
    for start in range(0, len(frames), size):
        listening.feed(frames[start : start + size])
    assert listening.finish(frames, whole.work.audio_ms, estimate_bounds(frames)) == whole


def test_what_cannot_be_a_pipeline_is_refused(small: CompressedNetwork) -> None:
    for tables, said in (
        ([{"kind": "recogniser", "on": False}], "nothing is recognised"),
        ([{"kind": "recogniser", "name": "other"}], "no other name"),
        ([{"kind": "recogniser"}, {"kind": "recogniser"}], "used twice"),
        ([{"kind": "recognizer"}], "recogniser"),
        ([{"kind": "front-end", "speed": 1}], "speed"),
        ([{"name": "front-end"}], "kind: missing"),
    ):
        with pytest.raises(InputError, match=said):
            pipeline(small, *tables)
