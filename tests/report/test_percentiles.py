"""The definition, against its own words."""

from __future__ import annotations

import statistics
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.report.percentiles import percentile

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)


@given(values=NUMBERS, percent=st.floats(0, 100))
def test_it_stands_where_the_definition_says(values: list[float], percent: float) -> None:
    ordered, place = sorted(values), (len(values) - 1) * percent / 100
    below = min(floor(place), len(values) - 1)
    above = min(below + 1, len(values) - 1)
    expected = ordered[below] + (place - below) * (ordered[above] - ordered[below])
    assert percentile(values, percent) == pytest.approx(expected, abs=1e-6)


@given(values=NUMBERS)
def test_the_ends_and_the_middle(values: list[float]) -> None:
    assert percentile(values, 0) == min(values)
    assert percentile(values, 100) == max(values)
    assert percentile(values, 50) == pytest.approx(statistics.median(values), abs=1e-9)


@given(values=st.lists(st.floats(0, 1000), min_size=2, max_size=100))
def test_the_99th_of_few_values_lies_between_the_two_largest(values: list[float]) -> None:
    second, largest = sorted(values)[-2:]
    assert second - 1e-9 <= percentile(values, 99) <= largest + 1e-9


def test_of_one_value_all_are_that_value_and_of_none_there_is_none() -> None:
    assert {percentile([3.5], percent) for percent in (0, 1, 50, 99, 100)} == {3.5}
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)
