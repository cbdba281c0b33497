"""Titles of comparisons."""

from __future__ import annotations

import dataclasses

import pytest

from azsim.report.results import Comparison


@pytest.mark.parametrize(
    ("names", "title"),
    [
        ([], "run"),
        (["a"], "a"),
        (["a", "a", "b"], "a, b"),
        (["a", "b", "c"], "a, b, c"),
        (["a", "b", "c", "a", "d", "e"], "a, b, c and 2 more"),
    ],
)
def test_recordings_of_which_nothing_is_known_name_the_page(
    one_recording: Comparison, names: list[str], title: str
) -> None:
    first = one_recording.utterances[0]
    heard = tuple(dataclasses.replace(first, utterance=name) for name in names)
    assert dataclasses.replace(one_recording, utterances=heard).title == title
    known = tuple(dataclasses.replace(one, reference="call grandma") for one in heard)
    assert dataclasses.replace(one_recording, utterances=known).title == "run"
