"""Who speaks, as a stage: runs of its network for steps with speech alone, and no more once it is settled."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile

from azsim.compress import compress
from azsim.compress.layout import DEFAULT_LAYOUT
from azsim.errors import InputError
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.stored import save_graph
from azsim.speech.features import SAMPLE_RATE_HZ
from azsim.speech.stage import Configured, Output, Piece, StageJob, Turn
from azsim.speech.stages.speaker import SpeakerStage
from tests.conftest import random_network
from tests.speech.speaker.voices import WINDOW, frames_of, sound_of, voice_network

LIMITS = {"threshold": 0.6, "sure": 0.95, "unlike": 0.3}


@pytest.fixture(scope="module")
def configured() -> Configured:
    small = compress(random_network(3), weight_bits=8, codec="raw")
    return Configured(small, lambda network: compress(network, weight_bits=8, codec="packed"), DEFAULT_LAYOUT, 1)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> SpeakerStage:
    root, integers = tmp_path_factory.mktemp("speaker"), voice_network()
    network = GraphNetwork(integers.graph, "test", 1000 / 30, integers.stated, integers.weights)
    save_graph(network, root / "net.safetensors", LIMITS)
    folder = root / "people" / "ann"
    folder.mkdir(parents=True)
    for number in range(3):
        soundfile.write(folder / f"{number}.wav", sound_of(0, 1.5, number), SAMPLE_RATE_HZ)
    return SpeakerStage(speakers=str(root / "people"), model=str(root / "net.safetensors"))


def heard(stage: SpeakerStage, configured: Configured, frames: np.ndarray, cuts: list[int]) -> Output:
    listening = stage.listener(configured, stage.network(configured))(Turn("utterance"))
    front_ends = [StageJob("cpu", "frontend", 30 * step + 45, step=step) for step in range(len(frames) // 3)]
    events, jobs, first = [], [], 0
    for piece in np.split(frames, cuts):
        made = listening.hear(Piece(piece, first, jobs={"front-end": front_ends[: (first + len(piece)) // 3]}))
        events, jobs, first = [*events, *made.events], [*jobs, *made.jobs], first + len(piece)
    return Output(events=tuple(events), jobs=tuple(jobs))


def frames(voice: int) -> np.ndarray:
    return np.concatenate([frames_of(-1, 60), frames_of(voice, 6 * WINDOW * 3), frames_of(-1, 30)])


@pytest.mark.parametrize("cuts", [[], [5, 100, 101, 170]])
def test_a_person_is_known_after_two_windows_and_the_network_rests(
    stage: SpeakerStage, configured: Configured, cuts: list[int]
) -> None:
    made = heard(stage, configured, frames(0), cuts)
    values = [event.value for event in made.events]
    assert [(value["name"], value["settled"]) for value in values] == [("ann", False), ("ann", True)]
    assert sum(job.engine == "npu" and job.name.endswith(".0") for job in made.jobs) in (2 * WINDOW, 2)
    assert sum(job.engine == "cpu" for job in made.jobs) == 2
    assert made.events[-1].job is made.jobs[-1]


def test_the_network_runs_on_where_nothing_is_settled(stage: SpeakerStage, configured: Configured) -> None:
    whole = msgspec.structs.replace(stage, cascade=False)
    made = heard(whole, configured, frames(0), [])
    assert len(made.events) == 6
    assert len(made.jobs) > len(heard(stage, configured, frames(0), []).jobs)


def test_a_stranger_is_nobody(stage: SpeakerStage, configured: Configured) -> None:
    made = heard(stage, configured, frames(1), [])
    assert made.events[-1].value["name"] == ""
    assert made.events[-1].value["settled"]


def test_the_room_asks_for_nothing(stage: SpeakerStage, configured: Configured) -> None:
    assert heard(stage, configured, frames_of(-1, 300), []) == Output()


def test_jobs_follow_the_front_end_and_one_another(stage: SpeakerStage, configured: Configured) -> None:
    made, seen = heard(stage, configured, frames(0), []), set()
    for job in made.jobs:
        assert all(before.name == "frontend" or id(before) in seen for before in job.after)
        assert job.after
        seen.add(id(job))


def test_what_lacks_is_said(stage: SpeakerStage, configured: Configured) -> None:
    with pytest.raises(InputError, match="speakers: missing"):
        SpeakerStage().network(configured)
    with pytest.raises(InputError, match="gives no embedding"):
        SpeakerStage(speakers="x", model="wake-word").network(configured)
    with pytest.raises(InputError, match="no such folder"):
        SpeakerStage(speakers=str(Path(stage.speakers) / "none"), model=stage.model).listener(
            configured, stage.network(configured)
        )
