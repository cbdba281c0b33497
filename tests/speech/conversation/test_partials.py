"""Words that are shown and taken back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.speech.conversation.partials import Stability, stability

TEXTS = st.lists(st.lists(st.sampled_from(["a", "an", "turn", "on", "off"]), max_size=5).map(" ".join), max_size=8)


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        ([], Stability(0, 0, 0)),
        (["turn", "turn of", "turn off the"], Stability(4, 1, 1)),
        (["play a", "stay a"], Stability(4, 2, 0)),
        (["turn on", "turn"], Stability(2, 1, 0)),
    ],
)
def test_counts(texts: list[str], wanted: Stability) -> None:
    assert stability(texts) == wanted


@given(TEXTS)
def test_what_was_shown_and_not_taken_back_stands_at_the_end(texts: list[str]) -> None:
    found = stability(texts)
    assert found.shown - found.taken_back == len(texts[-1].split() if texts else [])
    assert 0 <= found.completed <= found.taken_back
    assert 0 <= found.instability <= 1


@given(TEXTS, TEXTS)
def test_sums_are_those_of_both(one: list[str], other: list[str]) -> None:
    both = stability(one) + stability(other)
    assert both.shown == stability(one).shown + stability(other).shown
    assert Stability().instability == 0
