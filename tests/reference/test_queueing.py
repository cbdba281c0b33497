"""Closed forms among each other, and where textbooks have simpler ones."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.reference.queueing import (
    Arrivals,
    chunked_responses,
    conserved_work,
    fifo_wait,
    preemptive_responses,
    priority_waits,
)

LOADS = st.lists(st.tuples(st.floats(0.01, 0.3), st.floats(0.1, 5), st.floats(1, 4)), min_size=1, max_size=3)


def classes_of(loads: list[tuple[float, float, float]]) -> list[Arrivals]:
    """Load, mean service, and second moment over the mean's square."""
    return [Arrivals(load / service, service, ratio * service**2) for load, service, ratio in loads]


@pytest.mark.parametrize("load", [0.1, 0.5, 0.95])
def test_one_class_is_m_m_1_and_m_d_1(load: float) -> None:
    exponential, fixed = Arrivals(load / 2, 2.0, 8.0), Arrivals(load / 2, 2.0, 4.0)
    assert fifo_wait([exponential]) == pytest.approx(load * 2 / (1 - load))
    assert fifo_wait([fixed]) == pytest.approx(fifo_wait([exponential]) / 2)
    for one in (exponential, fixed):
        assert priority_waits([one]) == pytest.approx([fifo_wait([one])])
        assert preemptive_responses([one]) == pytest.approx([fifo_wait([one]) + 2])


@settings(max_examples=50, deadline=None)
@given(loads=LOADS)
def test_no_order_of_priorities_makes_or_destroys_work(loads: list[tuple[float, float, float]]) -> None:
    classes = classes_of(loads)
    for order in permutations(classes):
        waits = priority_waits(order)
        assert sum(one.load * wait for one, wait in zip(order, waits)) == pytest.approx(conserved_work(classes))


@settings(max_examples=50, deadline=None)
@given(loads=LOADS)
def test_the_first_waits_least_and_preemption_is_as_if_nobody_were_below(
    loads: list[tuple[float, float, float]],
) -> None:
    classes = classes_of(loads)
    waits = priority_waits(classes)
    assert waits == sorted(waits)
    assert waits[0] <= fifo_wait(classes) * (1 + 1e-9)
    for count in range(1, len(classes) + 1):
        assert preemptive_responses(classes)[:count] == pytest.approx(preemptive_responses(classes[:count]))


@settings(max_examples=50, deadline=None)
@given(load=st.floats(0.01, 0.4), other=st.floats(0.01, 0.4))
def test_smaller_chunks_help_the_first_and_hurt_the_last(load: float, other: float) -> None:
    classes = [Arrivals(load / 4, 4, 16), Arrivals(other / 4, 4, 16)]
    first, last = zip(*(chunked_responses(classes, chunk) for chunk in (4, 2, 1, 0)))
    assert list(first) == sorted(first, reverse=True)
    assert list(last) == sorted(last)


def test_the_chunked_formula_has_both_others_as_its_ends():
    classes = [Arrivals(0.2, 1.5, 2.25), Arrivals(0.3, 1.5, 2.25)]
    whole = chunked_responses(classes, 1.5)
    assert whole == pytest.approx([wait + 1.5 for wait in priority_waits(classes)])
    assert chunked_responses(classes, 0.0) == pytest.approx(preemptive_responses(classes))
    assert preemptive_responses([Arrivals(0.3, 1, 1), Arrivals(0.15, 3, 9)]) == pytest.approx([1.214, 9.0], abs=1e-3)
