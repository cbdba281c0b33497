"""Labels made into a transcript and work, against the rules one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.nn.network import Network
from azsim.speech.conclusion import Recognition, conclude, no_jobs
from azsim.speech.endpoint import estimated_speech_end_ms
from azsim.speech.jobs import job_chain
from azsim.speech.work import Job
from tests.conftest import PIECES, random_network

NETWORK = random_network(8)  # 3 frames a step, 2 steps an output


def heard(
    outputs: list[int],
    frames: int = 400,
    network: Network = NETWORK,
    speech_end_ms: int | None = 700,
    labels: list[int] | None = None,
    **jobs,
) -> Recognition:
    features = np.random.default_rng(0).normal(0, 3, (frames, 64)).astype(np.float32)
    found = labels or [1 + k % (len(PIECES) - 1) for k in range(len(outputs))]
    return conclude(
        network, "u", features, 10 * frames + 15, speech_end_ms, found, outputs, [0.5] * len(outputs), **jobs
    )


@settings(max_examples=50, deadline=None)
@given(outputs=st.lists(st.integers(0, 40), max_size=8).map(sorted), frames=st.integers(280, 420))
def test_the_end_point_is_480_ms_after_the_last_label_before_it(outputs: list[int], frames: int) -> None:
    recognition = heard(outputs, frames)
    work, steps = recognition.work, 2 * -(-frames // 6)
    label_steps = [2 * output + 1 for output in outputs]
    assert recognition.transcript.label_steps == tuple(label_steps)
    kept, last = 0, None
    for step in label_steps:
        if last is not None and step > last + 16:
            break
        kept, last = kept + 1, step
    fires = steps if last is None or last + 16 >= steps else last + 17
    assert work.steps == fires
    assert work.endpoint_ms == (10 * frames + 15 if fires == steps else min(30 * (fires - 1) + 45, 10 * frames + 15))
    assert work.first_label_step == (label_steps[0] if outputs else -1)
    assert work.last_label_step == (-1 if last is None else last)
    assert sum(1 for step in label_steps if step < work.steps) == kept


def test_words_behind_the_end_point_are_in_the_whole_text_alone() -> None:
    turn, on, light, ght = (PIECES.index(piece) for piece in ("\u2581turn", "\u2581on", "\u2581li", "ght"))
    recognition = heard([2, 4, 30, 31], labels=[turn, on, light, ght])
    transcript = recognition.transcript
    assert transcript.text == "turn on"
    assert transcript.text_whole == "turn on light"
    assert transcript.labels == (turn, on, light, ght)
    assert [word.start_ms for word in transcript.words] == [30 * 5 + 45, 30 * 9 + 45]


def test_the_true_end_of_speech_is_taken_or_estimated_and_marked() -> None:
    known, estimated = heard([3]).work, heard([3], speech_end_ms=None).work
    assert (known.speech_end_ms, known.speech_end_estimated) == (700, False)
    features = np.random.default_rng(0).normal(0, 3, (400, 64)).astype(np.float32)
    assert (estimated.speech_end_ms, estimated.speech_end_estimated) == (
        estimated_speech_end_ms(features, 4015),
        True,
    )


def test_jobs_are_asked_for_the_steps_and_labels_until_the_end_point() -> None:
    asked = []

    def jobs_of(steps: int, label_steps: tuple[int, ...]) -> tuple[Job, ...]:
        asked.append((steps, tuple(label_steps)))
        return job_chain(steps, 400, 4015, label_steps, ("encoder.0", "encoder.1", "joint", "prediction"), 2)

    work = heard([2, 4, 30], jobs_of=jobs_of).work
    assert asked == [(9 + 17, (5, 9))]
    assert work.jobs == jobs_of(26, (5, 9))
    assert heard([2, 4, 30]).work.jobs == no_jobs(26, (5, 9)) == ()


@pytest.mark.parametrize(("every", "frames", "steps"), [(1, 7, 3), (2, 7, 4), (4, 7, 4), (4, 13, 8)])
def test_steps_fill_up_the_last_output(every: int, frames: int, steps: int) -> None:
    network = replace(NETWORK, time_reduction=every, time_reduction_after=0 if every > 1 else -1)
    assert heard([], frames, network).work.steps == steps
