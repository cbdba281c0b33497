"""The cloud's recogniser: the same rules as the device's, in float."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from azsim.cloud.recogniser import closed_by, recognise_in_cloud
from azsim.compress import compress
from azsim.speech.bounds import SpeechBounds
from azsim.speech.endpoint import listening_steps
from azsim.speech.recogniser import recognise_many
from tests.conftest import random_network


def test_words_steps_and_end_points_follow_the_devices_rules() -> None:
    network = random_network(3)
    rng = np.random.default_rng(0)
    features = [rng.normal(5, 2, (frames, 64)).astype(np.float32) for frames in (60, 95, 31)]
    names, bounds = ["a", "b", "c"], [SpeechBounds(0, 500), None, SpeechBounds(None, 200)]
    cloud = recognise_in_cloud(network, features, names, bounds)
    device = recognise_many(compress(network, codec="raw"), features, utterances=names, bounds=bounds)
    for ours, theirs in zip(cloud, device):
        assert ours.work.jobs == ()
        assert (ours.work.audio_ms, ours.work.speech_end_ms) == (theirs.work.audio_ms, theirs.work.speech_end_ms)
        assert ours.work.speech_end_estimated == theirs.work.speech_end_estimated
        if ours.transcript.labels == theirs.transcript.labels:
            assert ours.work.endpoint_ms == theirs.work.endpoint_ms
            assert ours.transcript.text == theirs.transcript.text


def test_another_end_point_keeps_the_labels_before_it() -> None:
    network = random_network(3)
    features = [np.random.default_rng(0).normal(5, 2, (95, 64)).astype(np.float32)]
    (found,) = recognise_in_cloud(network, features, ["a"], [SpeechBounds(0, 500)])
    transcript, work = found.transcript, found.work
    assert closed_by(found, work, network.pieces).transcript.text == transcript.text
    assert closed_by(found, work, network.pieces).work == work
    whole = closed_by(found, replace(work, steps=1000, endpoint_ms=30_015), network.pieces)
    assert whole.transcript.text == transcript.text_whole
    for steps in range(max(transcript.label_steps) + 2):
        cut = closed_by(found, replace(work, steps=steps, endpoint_ms=30 * steps), network.pieces)
        before = [step for step in transcript.label_steps if step < steps]
        assert cut.work.endpoint_ms == 30 * steps
        assert cut.work.last_label_step == (before[-1] if before else -1)
        assert bool(cut.transcript.words) == bool(before) or not transcript.text_whole


def test_the_cloud_listens_on_after_a_recording_as_the_device_does() -> None:
    network = random_network(3)
    rng = np.random.default_rng(1)
    features = [rng.normal(5, 2, (frames, 64)).astype(np.float32) for frames in range(20, 140, 9)]
    names = [str(len(each)) for each in features]
    for silence_ms in (60, 480):
        for frames, found in zip(features, recognise_in_cloud(network, features, names, silence_ms=silence_ms)):
            steps, last = found.transcript.label_steps, max(found.transcript.label_steps, default=-1)
            heard = listening_steps(len(frames), last, silence_ms, network.steps_per_output)
            assert all(step < heard for step in steps)
            assert found.work.steps <= heard
            if not steps:
                assert found.work.steps == heard
