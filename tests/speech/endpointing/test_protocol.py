"""Whatever is heard: one final, a commit of what was told, nothing of before a reset delivered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from azsim.speech.endpointing.decision import EndPointing, Limits
from azsim.speech.endpointing.pause import Pause
from azsim.speech.endpointing.protocol import EndPointEvent, EndPointProtocol

LETTER = {"speculative": "s", "resume": "r", "commit": "c"}

limits = st.builds(
    Limits,
    pause_ms=st.integers(0, 600),
    quiet_ms=st.integers(0, 400),
    ended=st.floats(0, 1),
    sentence_end=st.floats(0, 1),
)
settings_drawn = st.builds(
    EndPointing,
    speculative=limits,
    final=limits,
    longest_quiet_ms=st.integers(0, 1200),
    longest_pause_ms=st.integers(0, 1200),
    longest_ms=st.integers(1_000, 3_000),
    nothing_said_ms=st.integers(1_000, 4_000),
)
heard = st.lists(
    st.tuples(
        st.integers(0, 3), st.floats(0, 900), st.integers(0, 40).map(lambda steps: 30 * steps), st.floats(0, 1),
        st.floats(0, 1),
    ),
    min_size=1,
    max_size=150,
)  # fmt: skip


def events_of(chosen: EndPointing, steps: Sequence[tuple[int, float, int, float, float]]) -> list[EndPointEvent]:
    """The events of an utterance whose last step goes on until it is over."""
    pointer = EndPointProtocol(chosen)
    for step in range(400):
        labels, expected, quiet, ended, sentence = steps[min(step, len(steps) - 1)]
        made = pointer.step(Pause(step, tuple(range(labels)), expected, quiet, ended, sentence))
        assert all(event.step == step for event in made)
    return pointer.events


@given(settings_drawn, heard)
def test_there_is_one_final_and_each_told_end_is_committed_or_taken_back(
    chosen: EndPointing, steps: list[tuple[int, float, int, float, float]]
) -> None:
    events = events_of(chosen, steps)
    assert re.fullmatch("(sr)*sc", "".join(LETTER[event.kind] for event in events))
    assert [event.reason is not None for event in events] == [event.kind == "commit" for event in events]
    assert all(before.time_ms <= after.time_ms for before, after in pairwise(events))


@given(settings_drawn, heard)
def test_a_commit_has_the_words_that_were_told_and_a_reset_others(
    chosen: EndPointing, steps: list[tuple[int, float, int, float, float]]
) -> None:
    events = events_of(chosen, steps)
    for told, after in pairwise(events):
        if told.kind == "speculative":
            assert (after.labels == told.labels) == (after.kind == "commit")
            assert after.revision == told.revision + (after.kind == "resume")
    assert [event.revision for event in events if event.kind == "speculative"] == list(range((len(events) + 1) // 2))


def test_another_spelling_of_the_same_words_takes_nothing_back() -> None:
    limits = Limits(60, 60)
    said = {(1, 2): "a large", (7, 2): "a large", (1, 3): "a larger"}
    pointer = EndPointProtocol(EndPointing(limits, Limits(240, 240)), said.__getitem__)
    for step, labels in enumerate([(1, 2), (7, 2), (7, 2), (1, 3), (1, 3)]):
        pointer.step(Pause(step, labels, 90.0 if step < 4 else 300.0, 90 if step < 4 else 300, 1.0))
    assert [event.kind for event in pointer.events] == ["speculative", "resume", "speculative", "commit"]
    assert [event.labels for event in pointer.events] == [(1, 2), (1, 3), (1, 3), (1, 3)]
