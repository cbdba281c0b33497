"""The cloud's recogniser: the same rules as the device's, in float."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from azsim.cloud.recogniser import closed_by, recognise_in_cloud
from azsim.compress import compress
from azsim.speech.recogniser import recognise_many
from tests.conftest import random_network


def test_words_steps_and_end_points_follow_the_devices_rules() -> None:
    network = random_network(3)
    rng = np.random.default_rng(0)
    features = [rng.normal(5, 2, (frames, 64)).astype(np.float32) for frames in (60, 95, 31)]
    names, ends = ["a", "b", "c"], [500, None, 200]
    cloud = recognise_in_cloud(network, features, names, ends)
    device = recognise_many(compress(network, codec="raw"), features, utterances=names, speech_end_ms=ends)
    for ours, theirs in zip(cloud, device):
        assert ours.work.jobs == ()
        assert (ours.work.audio_ms, ours.work.speech_end_ms) == (theirs.work.audio_ms, theirs.work.speech_end_ms)
        assert ours.work.speech_end_estimated == theirs.work.speech_end_estimated
        assert ours.work.endpoint_ms <= ours.work.audio_ms
        if ours.transcript.labels == theirs.transcript.labels:
            assert ours.work.endpoint_ms == theirs.work.endpoint_ms
            assert ours.transcript.text == theirs.transcript.text


def test_another_end_point_keeps_the_labels_before_it() -> None:
    network = random_network(3)
    features = [np.random.default_rng(0).normal(5, 2, (95, 64)).astype(np.float32)]
    (found,) = recognise_in_cloud(network, features, ["a"], [500])
    transcript, work = found.transcript, found.work
    assert closed_by(found, work, network.pieces).transcript.text == transcript.text
    assert closed_by(found, work, network.pieces).work == work
    whole = closed_by(found, replace(work, steps=1000, endpoint_ms=work.audio_ms), network.pieces)
    assert whole.transcript.text == transcript.text_whole
    for steps in range(max(transcript.label_steps) + 2):
        cut = closed_by(found, replace(work, steps=steps, endpoint_ms=30 * steps), network.pieces)
        before = [step for step in transcript.label_steps if step < steps]
        assert cut.work.endpoint_ms == 30 * steps
        assert cut.work.last_label_step == (before[-1] if before else -1)
        assert bool(cut.transcript.words) == bool(before) or not transcript.text_whole
