"""The report of turn-taking: scenes are what they say they are, and counts come to the F1 that they should."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="the experiment cuts speech as trainings do, the extra `train`")

from azsim.nn.graph.executor import Model
from azsim.speech.endpointing.voice_activity import scaled_steps
from azsim.speech.features import log_mel
from azsim.speech.turn_taking.directed import TurnLimits
from azsim.speech.turn_taking.people import CameraErrors
from experiments.turn_taking.measure import NOBODY, USUAL, Fused, Taken, decide, f1, gain, shares, speech_of
from experiments.turn_taking.scenes import TURNS, Recorded, roles_of, scenes_of
from tests.speech.turn_taking.graph import integers_of_facing

RNG = np.random.default_rng(5)


def recorded(index: int) -> Recorded:
    sound = np.concatenate([np.zeros(2400), RNG.normal(0, 0.1, 24_000), np.zeros(2400)])
    return Recorded(sound.astype(np.float32), f"s{index % 3}", index < 4)


SPOKEN = [recorded(index) for index in range(8)]


def taken(wanted: list[int], found: list[int], speakers: str) -> Taken:
    flags = (np.array(each, bool) for each in (wanted, found, wanted))
    return Taken(*flags, tuple(speakers), 0, np.zeros(1))


def test_scenes_hold_every_recording_where_they_say() -> None:
    scenes = scenes_of(SPOKEN)
    assert [len(scene.turns) for scene in scenes] == [TURNS, TURNS]
    assert {id(turn) for scene in scenes for turn in scene.turns} == {id(each) for each in SPOKEN}
    for scene in scenes:
        level = scaled_steps(log_mel(scene.sound)).mean(axis=1)
        for index in range(TURNS):
            first, last = scene.steps_of(index)
            assert level[first + 2 : last - 2].min() > level[first - 8 : first - 3].max()
        noisy = scene.in_noise(RNG.normal(0, 1, 9_000), 6.0, np.random.default_rng(1))
        assert np.square(noisy).mean() > np.square(scene.sound).mean()


def test_cameras_look_at_the_same_people() -> None:
    scene = scenes_of(SPOKEN)[0]
    cameras = {"exact": CameraErrors(0, 0, 0), "lost": CameraErrors(0, 0.5, 0)}
    roles = roles_of(scene, cameras, 0.0, 0.0, np.random.default_rng(3))
    assert roles.to_device == tuple(turn.is_order for turn in scene.turns)
    for exact, lost in zip(roles.tracks["exact"], roles.tracks["lost"], strict=True):
        assert np.isnan(lost.yaw_deg).sum() > np.isnan(exact.yaw_deg).sum()


def test_f1_is_that_of_the_counts_and_a_gain_is_paired() -> None:
    perfect = taken([1, 1, 0, 0, 1, 0], [1, 1, 0, 0, 1, 0], "ababab")
    half = taken([1, 1, 0, 0, 1, 0], [1, 0, 1, 0, 1, 0], "ababab")
    assert f1(perfect) == (100, 100, 100)
    assert f1(half)[0] == pytest.approx(200 * 2 / 6)
    assert gain(perfect, half)[0] == pytest.approx(100 - 200 / 3)
    assert gain(half, half) == (0, 0, 0)
    assert shares(half) == pytest.approx({"taken_percent": 200 / 3, "false_percent": 100 / 3})


def test_a_network_that_looks_at_faces_takes_those_who_face_the_device() -> None:
    scenes, integers = scenes_of(SPOKEN), integers_of_facing()
    network = Fused(Model.in_integers(integers), integers, TurnLimits(0.5, speech_above=0.1))
    steps = [scaled_steps(log_mel(scene.sound)) for scene in scenes]
    voiced = speech_of(network, steps)
    drawn = [[roles_of(each, {USUAL: CameraErrors()}, 0, 0, np.random.default_rng(i)) for i, each in enumerate(scenes)]]
    found = decide(network, scenes, steps, drawn, USUAL, voiced)
    assert len(found.wanted) == len(SPOKEN)
    assert sorted(found.wanted) == [False] * 4 + [True] * 4
    blind = decide(network, scenes, steps, drawn, NOBODY, voiced)
    assert blind.taken.all() or not blind.taken.any()
