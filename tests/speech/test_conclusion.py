"""Labels made into a transcript and work, against the rules one by one."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.nn.rnnt.network import Network
from azsim.speech.bounds import UNKNOWN, SpeechBounds
from azsim.speech.conclusion import Recognition, conclude, no_jobs
from azsim.speech.jobs import job_chain
from azsim.speech.work import Job
from tests.conftest import PIECES, random_network

BOUNDS = SpeechBounds(100, 700)
NETWORK = random_network(8)  # 3 frames a step, 2 steps an output


def heard(
    outputs: list[int],
    steps: int = 140,
    network: Network = NETWORK,
    bounds: SpeechBounds = BOUNDS,
    labels: list[int] | None = None,
    **more,
) -> Recognition:
    found = labels or [1 + k % (len(PIECES) - 1) for k in range(len(outputs))]
    return conclude(network, "u", 4015, steps, bounds, found, outputs, [0.5] * len(outputs), **more)


@settings(max_examples=50, deadline=None)
@given(outputs=st.lists(st.integers(0, 40), max_size=8).map(sorted), waited=st.integers(1, 20))
def test_the_end_point_is_a_silence_after_the_last_label_before_it(outputs: list[int], waited: int) -> None:
    recognition = heard(outputs, silence_ms=30 * waited)
    work = recognition.work
    label_steps = [2 * output + 1 for output in outputs]
    assert recognition.transcript.label_steps == tuple(label_steps)
    kept, last = 0, None
    for step in label_steps:
        if last is not None and step > last + waited:
            break
        kept, last = kept + 1, step
    fires = 140 if last is None else last + waited + 1
    assert work.steps == fires
    assert work.endpoint_ms == 30 * (fires - 1) + 45
    assert work.first_label_step == (label_steps[0] if outputs else -1)
    assert work.last_label_step == (-1 if last is None else last)
    assert sum(1 for step in label_steps if step < work.steps) == kept
    assert work.premature == (recognition.transcript.text != recognition.transcript.text_whole)


def test_words_behind_the_end_point_are_in_the_whole_text_alone() -> None:
    turn, on, light, ght = (PIECES.index(piece) for piece in ("\u2581turn", "\u2581on", "\u2581li", "ght"))
    recognition = heard([2, 4, 30, 31], labels=[turn, on, light, ght])
    transcript = recognition.transcript
    assert transcript.text == "turn on"
    assert transcript.text_whole == "turn on light"
    assert transcript.labels == (turn, on, light, ght)
    assert [word.start_ms for word in transcript.words] == [30 * 5 + 45, 30 * 9 + 45]


def test_an_end_point_is_premature_if_words_came_after_it_and_not_for_any_other_reason() -> None:
    turn, on, light = (PIECES.index(piece) for piece in ("\u2581turn", "\u2581on", "\u2581li"))
    cut = heard([2, 4, 30], labels=[turn, on, light], bounds=SpeechBounds(0, 300)).work
    assert cut.premature
    assert cut.end_pointing_ms == cut.endpoint_ms - 300
    early = heard([2, 4], labels=[turn, on], bounds=SpeechBounds(0, 3000)).work
    assert not early.premature  # the speaker goes on, but with nothing that was recognised
    assert early.end_pointing_ms is None  # never negative


def test_bounds_are_handed_on() -> None:
    known, unknown = heard([3]).work, heard([3], bounds=UNKNOWN).work
    assert (known.speech_end_ms, known.speech_end_estimated) == (700, False)
    assert (unknown.speech_end_ms, unknown.speech_end_estimated, unknown.end_pointing_ms) == (None, True, None)


def test_jobs_are_asked_for_the_steps_and_labels_until_the_end_point() -> None:
    asked = []

    def jobs_of(steps: int, label_steps: tuple[int, ...]) -> tuple[Job, ...]:
        asked.append((steps, tuple(label_steps)))
        return job_chain(steps, label_steps, ("encoder.0", "encoder.1", "joint", "prediction"), 2)

    work = heard([2, 4, 30], jobs_of=jobs_of).work
    assert asked == [(9 + 17, (5, 9))]
    assert work.jobs == jobs_of(26, (5, 9))
    assert heard([2, 4, 30]).work.jobs == no_jobs(26, (5, 9)) == ()
