"""Whispers as a stage: a run at every step, an event when it is known and when it turns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from azsim.compress import compress
from azsim.compress.layout import DEFAULT_LAYOUT
from azsim.errors import InputError
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.stored import save_graph
from azsim.speech.stage import Configured, Output, Piece, Turn
from azsim.speech.stages.whisper import WhisperStage
from tests.conftest import random_network
from tests.speech.speaker.voices import frames_of
from tests.speech.whisper_graph import whisper_network


@pytest.fixture(scope="module")
def configured() -> Configured:
    small = compress(random_network(3), weight_bits=8, codec="raw")
    return Configured(small, lambda network: compress(network, weight_bits=8, codec="packed"), DEFAULT_LAYOUT, 1)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> WhisperStage:
    path, integers = tmp_path_factory.mktemp("whisper") / "net.safetensors", whisper_network()
    network = GraphNetwork(integers.graph, "test", 1000 / 30, integers.stated, integers.weights)
    save_graph(network, Path(path), {"threshold": 0.5})
    return WhisperStage(model=str(path))


def heard(stage: WhisperStage, configured: Configured, frames: np.ndarray, cuts: list[int]) -> Output:
    listening = stage.listener(configured, stage.network(configured))(Turn("utterance"))
    events, jobs, first = [], [], 0
    for piece in np.split(frames, cuts):
        made = listening.hear(Piece(piece, first))
        events, jobs, first = [*events, *made.events], [*jobs, *made.jobs], first + len(piece)
    return Output(events=tuple(events), jobs=tuple(jobs))


def test_it_runs_at_every_step_whoever_speaks(stage: WhisperStage, configured: Configured) -> None:
    made = heard(stage, configured, frames_of(-1, 90), [])
    assert [job.step for job in made.jobs] == list(range(30))
    assert {job.engine for job in made.jobs} == {"npu"}
    assert made.events == ()


@pytest.mark.parametrize("cuts", [[], [10, 100, 300, 302]])
def test_it_tells_when_it_knows_and_when_that_turns(
    stage: WhisperStage, configured: Configured, cuts: list[int]
) -> None:
    frames = np.concatenate([frames_of(-1, 60), frames_of(1, 90), frames_of(0, 240)])
    made = heard(stage, configured, frames, cuts)
    assert [event.value["whisper"] for event in made.events] == [True, False]
    assert all(event.job in made.jobs and event.job.engine == "cpu" for event in made.events)
    counted = sum(job.units for job in made.jobs if job.engine == "cpu")
    assert counted <= len(frames) // 3
    whole = heard(stage, configured, frames, [])
    assert [(event.time_ms, event.value) for event in made.events] == [
        (event.time_ms, event.value) for event in whole.events
    ]


def test_another_network_is_refused(configured: Configured) -> None:
    with pytest.raises(InputError, match="gives no posterior"):
        WhisperStage(model="voice-activity").network(configured)
