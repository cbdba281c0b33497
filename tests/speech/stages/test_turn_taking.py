"""The stage of turn-taking: what it decides of sound and tracks, the runs that it asks for, and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from azsim.compress import compress
from azsim.compress.layout import DEFAULT_LAYOUT
from azsim.errors import InputError
from azsim.nn.graph.stored import save_graph
from azsim.speech.endpoint import step_end_ms
from azsim.speech.stage import Configured, Output, Piece, StageJob, Turn
from azsim.speech.stage_registry import stage_of
from azsim.speech.stages.turn_taking import TRACK, TURN_TAKING, TurnTakingStage
from azsim.speech.turn_taking.directed import AFTER_STEPS
from azsim.speech.turn_taking.track_file import save_tracks
from azsim.speech.turn_taking.tracks import FACING, SEEN, Person
from tests.conftest import random_network
from tests.speech.turn_taking.graph import facing_network, loud, quiet

SOUND = np.concatenate([quiet(60), loud(240), quiet(120), loud(120)])
STEPS = len(SOUND) // 3


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("model") / "facing.safetensors"
    save_graph(facing_network(), path, {"threshold": 0.7})
    return str(path)


@pytest.fixture(scope="module")
def configured() -> Configured:
    small = compress(random_network(3), weight_bits=8, codec="raw")
    return Configured(small, lambda network: compress(network, codec="raw"), DEFAULT_LAYOUT, 1)


def heard(
    stage: TurnTakingStage, configured: Configured, turn: Turn, cuts: tuple[int, ...] = ()
) -> list[Output]:
    listening = stage.listener(configured, stage.network(configured))(turn)
    front = [StageJob("cpu", "frontend", step_end_ms(step), step=step) for step in range(STEPS)]
    first, outputs = 0, []
    for piece in np.split(SOUND, cuts):
        outputs.append(listening.hear(Piece(piece, first, jobs={"front-end": front})))
        first += len(piece)
    return outputs


def facing(value: float) -> Mapping[str, np.ndarray]:
    people = np.zeros((STEPS, 3, 4), np.float32)
    people[:, 0, SEEN], people[:, 0, FACING] = 1, value
    return {TRACK: people}


@pytest.mark.parametrize("cuts", [(), (50, 131, 400)])
def test_speech_of_somebody_who_faces_the_device_is_directed(model, configured, cuts) -> None:
    outputs = heard(TurnTakingStage(model=model), configured, Turn("u", tracks=facing(1.0)), cuts)
    (event,) = [event for output in outputs for event in output.events]
    jobs = [job for output in outputs for job in output.jobs]
    assert event.kind == "addressed"
    assert event.value["directed"] is True
    assert event.time_ms == step_end_ms(20 + AFTER_STEPS - 1)
    runs = [job for job in jobs if job.engine == "npu"]
    assert event.job is runs[-1] is jobs[-1]
    assert [job.step for job in runs] == list(range(20 + AFTER_STEPS)), "it stops when it is decided"
    assert [job.name for job in jobs if job.engine == "cpu"] == [TURN_TAKING] * len(runs)
    for before, after in pairwise(runs):
        assert before in after.after


def test_speech_of_somebody_who_looks_away_is_not_and_it_listens_on(model, configured) -> None:
    stage = TurnTakingStage(model=model)
    (output,) = heard(stage, configured, Turn("u", tracks=facing(-1.0)))
    assert [event.value["directed"] for event in output.events] == [False, False]
    assert len([job for job in output.jobs if job.engine == "npu"]) == STEPS
    (short,) = heard(TurnTakingStage(model=model, window_ms=900), configured, Turn("u", tracks=facing(-1.0)))
    assert len([job for job in short.jobs if job.engine == "npu"]) == 30


def test_after_the_wake_word_it_has_nothing_to_do(model, configured) -> None:
    (output,) = heard(TurnTakingStage(model=model), configured, Turn("u", wake_end_ms=800, tracks=facing(1.0)))
    assert output == Output()


def test_tracks_come_from_files_by_the_names_of_utterances(model, configured, tmp_path: Path) -> None:
    times = np.arange(0, 6_000, 33)
    zeros = np.zeros(len(times), np.float32)
    save_tracks((Person("ann", times, zeros, zeros, zeros),), tmp_path / "a_b.csv")
    stage = TurnTakingStage(model=model, tracks=str(tmp_path))
    (seen,) = heard(stage, configured, Turn("a/b"))
    (unseen,) = heard(stage, configured, Turn("c"))
    assert [event.value["directed"] for event in seen.events] == [True]
    assert [event.value["directed"] for event in unseen.events] == [False, False]
    (tmp_path / "c.csv").write_text("time_ms,person\n")
    with pytest.raises(InputError, match=r"c\.csv: has no column yaw_deg"):
        heard(stage, configured, Turn("c"))
    with pytest.raises(InputError, match="tracks = 'nowhere': must be a folder"):
        heard(TurnTakingStage(model=model, tracks="nowhere"), configured, Turn("c"))


def test_a_camera_is_a_client_of_the_memory_if_it_is_there() -> None:
    assert stage_of({"kind": "turn-taking"}, "stage").traffic == ()
    into, out = stage_of({"kind": "turn-taking", "camera_frame_bytes": 115_200}, "stage").traffic
    assert (into.write, out.write, into.client) == (True, False, out.client)
    assert into.period_ps == 33 * 10**9


def test_another_network_is_refused(configured) -> None:
    with pytest.raises(InputError, match="model = 'voice-activity': must be a network of `azsim train turn_taking"):
        TurnTakingStage(model="voice-activity").network(configured)
